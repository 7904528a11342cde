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

/** What one pod gets or loses, and the address that its node's search goes on from then. */
interface Change {
  readonly pod: Key;
  readonly network: PodNetwork | undefined;
  readonly cursor?: { readonly node: string; readonly at: Ipv4 };
}

/** How a version is made of another one. */
interface Detour {
  readonly from: PodNetworks;
  readonly change: Change;
}

export class PodNetworks {
  static readonly EMPTY = new PodNetworks(undefined);
  /** undefined in `EMPTY`, which many clusters begin with: it never lends its tables to anybody */
  #state: PodNetworkTables | Detour | undefined;

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

  countOn(node: string): number {
    return this.#tables().countOn(node);
  }

  /**
   * A free address of the node's blocks: the next after the last one handed out, going round.
   * Undefined when all are taken. CNS picks any free one (a Go map's order); going round is one such order, and shows
   * what matters: a replaced pod comes back with another address.
   */
  freeAddress(node: string, blocks: readonly AddressBlock[]): Ipv4 | undefined {
    const tables = this.#tables();
    const size = blocks.reduce((sum, block) => sum + block.size, 0);
    if (tables.countOn(node) >= size) return undefined;
    const start = placeBehind(blocks, tables.cursorOf(node));
    for (let i = 0; i < size; i++) {
      const candidate = addressAt(blocks, (start + i) % size);
      if (tables.at(candidate) === undefined) return candidate;
    }
    return undefined;
  }

  /** Records or, with undefined, forgets a pod's network. Throws when an address belongs to another pod: a caller's mistake. */
  set(pod: Key, network: PodNetwork | undefined): PodNetworks {
    const tables = this.#tables();
    const undo = turned(tables, { pod, network, ...cursorAfter(network) });
    const next = new PodNetworks(tables);
    if (this.#state !== undefined) this.#state = { from: next, change: undo };
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
      holder = holder.#state!.from;
    }
    const tables = holder.#state;
    for (const version of way.reverse()) {
      const change = turned(tables, (version.#state as Detour).change);
      holder.#state = { from: version, change };
      version.#state = tables;
      holder = version;
    }
    return tables;
  }
}

/** Makes a change in the tables, and gives the one that takes it back. */
function turned(tables: PodNetworkTables, { pod, network, cursor }: Change): Change {
  const undo = { pod, network: tables.set(pod, network) };
  if (cursor === undefined) return undo;
  const before = { node: cursor.node, at: tables.cursorOf(cursor.node) };
  tables.setCursor(cursor.node, cursor.at);
  return { ...undo, cursor: before };
}

function cursorAfter(network: PodNetwork | undefined): Pick<Change, 'cursor'> {
  const last = network?.addresses.findLast((address) => typeof address === 'number');
  return network === undefined || last === undefined ? {} : { cursor: { node: network.node, at: last } };
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
