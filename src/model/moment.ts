/** Virtual time. A moment is a count of milliseconds since the emulated cluster was created. */
export type Moment = number;

/** What the virtual clock reads in the world's calendar when a run begins. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

// Thousands of objects are stamped at one moment: the last text is kept.
let lastSecond = Number.NaN;
let lastText = '';

/** RFC 3339 in whole seconds, as `metav1.Time` is written. */
export function timestampOf(at: Moment): string {
  const second = Math.floor((EPOCH_MS + at) / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  }
  return lastText;
}

/** The moment that an RFC 3339 text names. */
export function momentOf(timestamp: string): Moment {
  return Date.parse(timestamp) - EPOCH_MS;
}
