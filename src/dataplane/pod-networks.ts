/**
 * Which pod has which addresses on which node: what the CNI plugin and CNS have set up. Persistent, indexed by address and by node.
 */
import { Map as PersistentMap } from 'immutable';
import { type Address, formatAddress, type Ipv4, type Key, type Moment } from '../model/index.ts';

export interface PodNetwork {
  readonly pod: Key;
  /** the sandbox is the pod of this uid, not the next of the same name */
  readonly uid: string;
  readonly node: string;
  readonly addresses: readonly Address[];
  /** when the sandbox was made; undefined where it was not made by a kubelet of ours */
  readonly createdAt?: Moment;
}

/** A node's pool of IPv4 pod addresses: those taken, and where the search for the next begins. */
interface NodePool {
  readonly taken: PersistentMap<Ipv4, Key>;
  readonly cursor: Ipv4;
}

const EMPTY_POOL: NodePool = { taken: PersistentMap(), cursor: 0 };

export class PodNetworks {
  static readonly EMPTY = new PodNetworks(PersistentMap(), PersistentMap(), PersistentMap());
  readonly #byPod: PersistentMap<Key, PodNetwork>;
  readonly #byAddress: PersistentMap<Address, PodNetwork>;
  readonly #pools: PersistentMap<string, NodePool>;

  private constructor(
    byPod: PersistentMap<Key, PodNetwork>,
    byAddress: PersistentMap<Address, PodNetwork>,
    pools: PersistentMap<string, NodePool>,
  ) {
    this.#byPod = byPod;
    this.#byAddress = byAddress;
    this.#pools = pools;
  }

  get size(): number {
    return this.#byPod.size;
  }

  get(pod: Key): PodNetwork | undefined {
    return this.#byPod.get(pod);
  }

  at(address: Address): PodNetwork | undefined {
    return this.#byAddress.get(address);
  }

  all(): Iterable<PodNetwork> {
    return this.#byPod.values();
  }

  /** the pods of one node, as [address, pod key]: IPv4 only */
  on(node: string): Iterable<[Ipv4, Key]> {
    return (this.#pools.get(node) ?? EMPTY_POOL).taken.entries();
  }

  countOn(node: string): number {
    return (this.#pools.get(node) ?? EMPTY_POOL).taken.size;
  }

  /**
   * A free address of the block `[first, first + size)` on `node`: the next after the last one handed out, going round.
   * Undefined when all are taken. CNS picks any free one (a Go map's order); going round is one such order, and shows
   * what matters: a replaced pod comes back with another address.
   */
  freeAddress(node: string, first: Ipv4, size: number): Ipv4 | undefined {
    const pool = this.#pools.get(node) ?? EMPTY_POOL;
    if (pool.taken.size >= size) return undefined;
    const start = pool.cursor < first || pool.cursor >= first + size ? 0 : pool.cursor + 1 - first;
    for (let i = 0; i < size; i++) {
      const candidate = first + ((start + i) % size);
      if (!pool.taken.has(candidate)) return candidate;
    }
    return undefined;
  }

  /** Records or, with undefined, forgets a pod's network. Throws when an address belongs to another pod: a caller's mistake. */
  set(pod: Key, network: PodNetwork | undefined): PodNetworks {
    const before = this.#byPod.get(pod);
    let byAddress = this.#byAddress;
    let pools = this.#pools;
    if (before !== undefined) {
      byAddress = byAddress.deleteAll(before.addresses);
      pools = changePool(pools, before, false);
    }
    if (network === undefined) return new PodNetworks(this.#byPod.delete(pod), byAddress, pools);
    for (const address of network.addresses) {
      const owner = byAddress.get(address);
      if (owner !== undefined) throw new Error(`${formatAddress(address)} belongs to pod ${owner.pod}, not to ${pod}`);
      byAddress = byAddress.set(address, network);
    }
    return new PodNetworks(this.#byPod.set(pod, network), byAddress, changePool(pools, network, true));
  }
}

function changePool(
  pools: PersistentMap<string, NodePool>,
  network: PodNetwork,
  taken: boolean,
): PersistentMap<string, NodePool> {
  let pool = pools.get(network.node) ?? EMPTY_POOL;
  for (const address of network.addresses) {
    if (typeof address !== 'number') continue;
    pool = taken
      ? { taken: pool.taken.set(address, network.pod), cursor: address }
      : { taken: pool.taken.delete(address), cursor: pool.cursor };
  }
  return pools.set(network.node, pool);
}
