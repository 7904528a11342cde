/** Who has an address: keys by address, as a persistent map. */
import type { Map as PersistentMap } from 'immutable';
import type { Key } from '../model/index.ts';

export type AddressIndex<A> = PersistentMap<A, readonly Key[]>;

/** Moves `key` from the addresses it had to those it has now, touching only those that differ. */
export function reindex<A>(
  index: AddressIndex<A>,
  key: Key,
  before: ReadonlySet<A>,
  after: ReadonlySet<A>,
): AddressIndex<A> {
  return index.withMutations((draft) => {
    for (const address of before) {
      if (after.has(address)) continue;
      const keys = draft.get(address)!.filter((other) => other !== key);
      if (keys.length === 0) draft.delete(address);
      else draft.set(address, keys);
    }
    for (const address of after) {
      if (!before.has(address)) draft.set(address, [...(draft.get(address) ?? []), key].sort());
    }
  });
}
