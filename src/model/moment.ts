/** Virtual time. A moment is a count of milliseconds since the emulated cluster was created. */
export type Moment = number;

/** What the virtual clock reads in the world's calendar when a run begins. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** RFC 3339 in whole seconds, as `metav1.Time` is written. */
export function timestampOf(at: Moment): string {
  return `${new Date(EPOCH_MS + at).toISOString().slice(0, 19)}Z`;
}

/** The moment that an RFC 3339 text names. */
export function momentOf(timestamp: string): Moment {
  return Date.parse(timestamp) - EPOCH_MS;
}
