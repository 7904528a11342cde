/**
 * `-m recent` (net/netfilter/xt_recent.c): lists of source addresses, each with the last moments at which they were seen.
 * kube-proxy keeps ClientIP affinity in them, one list for each endpoint.
 */
import type { Moment } from '../model/index.ts';

/** ip_list_tot: how many addresses a list holds; the one not seen for longest makes room */
const ADDRESSES_MAX = 100;

export class RecentLists {
  /** by list name, then by address number; the Map's order is from the address not seen for longest */
  readonly #lists = new Map<string, Map<number, Moment>>();

  /** Whether the address was seen at most `seconds` ago; any time where `seconds` is not given. */
  seen(name: string, address: number, seconds: number | undefined, at: Moment): boolean {
    const last = this.#lists.get(name)?.get(address);
    // The kernel compares in jiffies with a >=: an entry exactly `seconds` old still matches.
    return last !== undefined && (seconds === undefined || at - last <= seconds * 1000);
  }

  set(name: string, address: number, at: Moment, addressesMax = ADDRESSES_MAX): void {
    let list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, (list = new Map()));
    if (!list.delete(address) && list.size >= addressesMax) {
      for (const oldest of list.keys()) {
        list.delete(oldest);
        break;
      }
    }
    list.set(address, at);
  }

  /** The lists with their addresses and when each was last seen. */
  *entries(): Iterable<readonly [string, ReadonlyMap<number, Moment>]> {
    yield* this.#lists;
  }

  /** Lists of their own with the same entries: for snapshots. */
  clone(): RecentLists {
    const copy = new RecentLists();
    for (const [name, list] of this.#lists) copy.#lists.set(name, new Map(list));
    return copy;
  }
}
