/**
 * Which pod has which addresses on which node: what the CNI plugin and CNS have set up.
 *
 * A value that never changes, over tables that do (H. G. Baker, "Shallow binding makes functional arrays fast", 1991): the
 * version that was asked last has the tables, and every other one knows the change that makes its neighbour's into its own.
 * The newest costs what tables cost; asking an older one costs as much as has changed since.
 *
 * ```text
 *   older --(pod a had none)--> old --(pod b had 10.244.1.7)--> newest: the tables
 * ```
 */
import type { Address, Ipv4, Key, Moment } from '../model/index.ts';
import { PodNetworkTables } from './pod-network-tables.ts';

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

/** How a version is made of its neighbour: what one pod gets or loses, and the address that its node's search goes on from. */
interface Change {
  readonly from: PodNetworks | undefined;
  readonly pod: Key;
  readonly network: PodNetwork | undefined;
  readonly node: string | undefined;
  readonly cursor: Ipv4;
}

export class PodNetworks {
  static readonly EMPTY = new PodNetworks(undefined);
  /** undefined in `EMPTY`, which many clusters begin with: it never lends its tables to anybody */
  #state: PodNetworkTables | Change | undefined;

  private constructor(state: PodNetworkTables | undefined) {
    this.#state = state;
  }

  get size(): number {
    return this.#tables().size;
  }

  get(pod: Key): PodNetwork | undefined {
    return this.#tables().get(pod);
  }

  at(address: Address): PodNetwork | undefined {
    return this.#tables().at(address);
  }

  all(): Iterable<PodNetwork> {
    return this.#tables().all();
  }

  /** the pods of one node, as [address, pod key]: IPv4 only */
  on(node: string): Iterable<[Ipv4, Key]> {
    return this.#tables().on(node);
  }

  /** the networks of one node's pods that have IPv4 addresses: once for each address */
  sandboxesOn(node: string): readonly PodNetwork[] {
    return this.#tables().sandboxesOn(node);
  }

  countOn(node: string): number {
    return this.#tables().entryOf(node).count;
  }

  /**
   * A free address of the node's blocks: the next after the last one handed out, going round.
   * Undefined when all are taken. CNS picks any free one (a Go map's order); going round is one such order, and shows
   * what matters: a replaced pod comes back with another address.
   */
  freeAddress(node: string, blocks: readonly AddressBlock[]): Ipv4 | undefined {
    const tables = this.#tables();
    const { count, cursor } = tables.entryOf(node);
    let size = 0;
    for (const block of blocks) size += block.size;
    if (count >= size) return undefined;
    const start = placeBehind(blocks, cursor);
    for (let i = 0; i < size; i++) {
      const candidate = addressAt(blocks, (start + i) % size);
      if (tables.at(candidate) === undefined) return candidate;
    }
    return undefined;
  }

  /** Records or, with undefined, forgets a pod's network. Throws when an address belongs to another pod: a caller's mistake. */
  set(pod: Key, network: PodNetwork | undefined): PodNetworks {
    const tables = this.#tables();
    const next = new PodNetworks(tables);
    const last = network?.addresses.findLast((address) => typeof address === 'number');
    const node = last === undefined ? undefined : network?.node;
    const undo = turned(tables, { from: undefined, pod, network, node, cursor: last ?? 0 }, next);
    if (this.#state !== undefined) this.#state = undo;
    return next;
  }

  /** The tables, as they are in this version. */
  #tables(): PodNetworkTables {
    if (this.#state === undefined) return new PodNetworkTables();
    if (this.#state instanceof PodNetworkTables) return this.#state;
    const way: PodNetworks[] = [];
    let holder: PodNetworks = this;
    while (!(holder.#state instanceof PodNetworkTables)) {
      way.push(holder);
      holder = holder.#state!.from!;
    }
    const tables = holder.#state;
    for (const version of way.reverse()) {
      holder.#state = turned(tables, version.#state as Change, version);
      version.#state = tables;
      holder = version;
    }
    return tables;
  }
}

/** Makes a change in the tables, and gives the one that takes it back from `to`. */
function turned(tables: PodNetworkTables, { pod, network, node, cursor }: Change, to: PodNetworks): Change {
  const before = tables.set(pod, network);
  if (node === undefined) return { from: to, pod, network: before, node, cursor };
  const entry = tables.entryOf(node);
  const undo = { from: to, pod, network: before, node, cursor: entry.cursor };
  entry.cursor = cursor;
  return undo;
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
