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

/** Addresses that follow each other. */
export interface AddressBlock {
  readonly first: Ipv4;
  readonly size: number;
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
   * A free address of the node's blocks: the next after the last one handed out, going round.
   * Undefined when all are taken. CNS picks any free one (a Go map's order); going round is one such order, and shows
   * what matters: a replaced pod comes back with another address.
   */
  freeAddress(node: string, blocks: readonly AddressBlock[]): Ipv4 | undefined {
    const { taken, cursor } = this.#pools.get(node) ?? EMPTY_POOL;
    const size = blocks.reduce((sum, block) => sum + block.size, 0);
    if (taken.size >= size) return undefined;
    const start = placeBehind(blocks, cursor);
    for (let i = 0; i < size; i++) {
      const candidate = addressAt(blocks, (start + i) % size);
      if (!taken.has(candidate)) return candidate;
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

/** The place behind this address, counted through all blocks; 0 where it lies in none. */
function placeBehind(blocks: readonly AddressBlock[], address: Ipv4): number {
  let before = 0;
  for (const { first, size } of blocks) {
    if (address >= first && address < first + size) return before + address - first + 1;
    before += size;
  }
  return 0;
}

function addressAt(blocks: readonly AddressBlock[], place: number): Ipv4 {
  let left = place;
  for (const { first, size } of blocks) {
    if (left < size) return first + left;
    left -= size;
  }
  throw new Error(`the blocks end before place ${place}`);
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
