/** The naive model: every event since the beginning, and how far it is compacted. All else is computed by walking it. */

export interface Value {
  readonly id: number;
}

export interface PastEvent {
  readonly revision: number;
  readonly key: string;
  readonly name: string;
  readonly value: Value | undefined;
  readonly before: Value | undefined;
}

export interface History {
  readonly events: PastEvent[];
  compacted: number;
}

export function newHistory(): History {
  return { events: [], compacted: 0 };
}

/** What `Store.get` gives. */
export function entryAt(history: History, key: string, revision: number) {
  let entry: { key: string; value: Value; createRevision: number; modRevision: number } | undefined;
  for (const event of history.events.slice(0, revision).filter((each) => each.key === key)) {
    const createRevision = entry?.createRevision ?? event.revision;
    entry =
      event.value === undefined ? undefined : { key, value: event.value, createRevision, modRevision: event.revision };
  }
  return entry;
}

/** What `Store.list` gives. */
export function entriesAt(history: History, prefix: string, revision: number) {
  const keys = [...new Set(history.events.map((event) => event.key))].sort();
  return keys
    .filter((key) => under(key, prefix))
    .map((key) => entryAt(history, key, revision))
    .filter((entry) => entry !== undefined);
}

/** What a watch from `from` has given when it has caught up. */
export function eventsAfter(history: History, prefix: string, from: number): PastEvent[] {
  return history.events.filter((event) => event.revision > from && under(event.key, prefix));
}

/** A prefix other than the empty one names its collection in full. */
function under(key: string, prefix: string): boolean {
  return prefix === '' || (key.split('/')[0] === prefix.split('/')[0] && key.startsWith(prefix));
}
