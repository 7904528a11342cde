/** Virtual time. A moment is a count of milliseconds since the emulated cluster was created. */
export type Moment = number;

/** What the virtual clock reads in the world's calendar when a run begins. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

// Thousands of objects are stamped at one moment, or at two by turns: the last texts are kept.
let last = { second: Number.NaN, text: '' };
let lastButOne = last;

/** RFC 3339 in whole seconds, as `metav1.Time` is written. */
export function timestampOf(at: Moment): string {
  const second = Math.floor((EPOCH_MS + at) / 1000);
  if (second === last.second) return last.text;
  if (second === lastButOne.second) return lastButOne.text;
  lastButOne = last;
  last = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return last.text;
}

let lastParsed = { timestamp: '', moment: Number.NaN };

/** The moment that an RFC 3339 text names. The one read last is kept: pods that came together say the same. */
export function momentOf(timestamp: string): Moment {
  if (timestamp !== lastParsed.timestamp) lastParsed = { timestamp, moment: Date.parse(timestamp) - EPOCH_MS };
  return lastParsed.moment;
}
