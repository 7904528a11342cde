/** Pods' networks by pod, by address and by node, in tables that change. Only `PodNetworks` has them, which never does. */
import { type Address, formatAddress, type Ipv4, type Ipv6, type Key } from '../model/index.ts';
import { KeyIndex } from './key-index.ts';
import type { PodNetwork } from './pod-networks.ts';

/** Addresses that share their first 24 bits lie in one segment, by their last 8. */
const SEGMENT_SIZE = 256;
const NOBODY = -1;

/** One node's pods, in IPv4 addresses. */
export interface NodeEntry {
  /** how many it has in each segment */
  readonly segments: Map<number, number>;
  count: number;
  /** the one handed out last, which whoever hands them out writes */
  cursor: Ipv4;
}

export class PodNetworkTables {
  /** by row; undefined where the row is free */
  readonly #networks: (PodNetwork | undefined)[] = [];
  readonly #freeRows: number[] = [];
  readonly #rows = new KeyIndex((row) => this.#networks[row]?.pod);
  readonly #segments = new Map<number, Int32Array>();
  readonly #ipv6 = new Map<Ipv6, number>();
  readonly #nodes = new Map<string, NodeEntry>();

  get size(): number {
    return this.#rows.size;
  }

  get(pod: Key): PodNetwork | undefined {
    const row = this.#rows.get(pod);
    return row === undefined ? undefined : this.#networks[row];
  }

  at(address: Address): PodNetwork | undefined {
    const row =
      typeof address === 'string' ? this.#ipv6.get(address) : this.#segments.get(address >>> 8)?.[address & 255];
    return row === undefined || row === NOBODY ? undefined : this.#networks[row];
  }

  all(): readonly PodNetwork[] {
    return this.#networks.filter((network) => network !== undefined);
  }

  on(node: string): readonly [Ipv4, Key][] {
    const found: [Ipv4, Key][] = [];
    this.#visit(node, (network, address) => found.push([address, network.pod]));
    return found;
  }

  sandboxesOn(node: string): readonly PodNetwork[] {
    const found: PodNetwork[] = [];
    this.#visit(node, (network) => found.push(network));
    return found;
  }

  #visit(node: string, found: (network: PodNetwork, address: Ipv4) => void): void {
    for (const segment of this.#nodes.get(node)?.segments.keys() ?? []) {
      const rows = this.#segments.get(segment)!;
      for (let i = 0; i < rows.length; i++) {
        const network = rows[i] === NOBODY ? undefined : this.#networks[rows[i]!];
        if (network?.node === node) found(network, segment * SEGMENT_SIZE + i);
      }
    }
  }

  /** What is known of a node; all zero where it never had a pod. */
  entryOf(node: string): NodeEntry {
    let entry = this.#nodes.get(node);
    if (entry === undefined) {
      entry = { segments: new Map(), count: 0, cursor: 0 };
      this.#nodes.set(node, entry);
    }
    return entry;
  }

  /** Throws, with nothing changed, where an address belongs to another pod. Gives what the pod had before. */
  set(pod: Key, network: PodNetwork | undefined): PodNetwork | undefined {
    if (network !== undefined) this.#checkOwners(pod, network.addresses);
    const before = this.#remove(pod);
    if (network !== undefined) this.#add(pod, network);
    return before;
  }

  #checkOwners(pod: Key, addresses: readonly Address[]): void {
    for (const address of addresses) {
      const owner = this.at(address)?.pod ?? pod;
      if (owner !== pod) throw new Error(`${formatAddress(address)} belongs to pod ${owner}, not to ${pod}`);
    }
  }

  #remove(pod: Key): PodNetwork | undefined {
    const row = this.#rows.remove(pod);
    if (row === undefined) return undefined;
    const network = this.#networks[row]!;
    const entry = this.entryOf(network.node);
    for (const address of network.addresses) {
      if (typeof address === 'string') this.#ipv6.delete(address);
      else this.#leave(address, entry);
    }
    this.#networks[row] = undefined;
    this.#freeRows.push(row);
    return network;
  }

  #add(pod: Key, network: PodNetwork): void {
    const row = this.#freeRows.pop() ?? this.#networks.length;
    this.#networks[row] = network;
    this.#rows.add(pod, row);
    const entry = this.entryOf(network.node);
    for (const address of network.addresses) {
      if (typeof address === 'string') this.#ipv6.set(address, row);
      else this.#enter(address, row, entry);
    }
  }

  #enter(address: Ipv4, row: number, entry: NodeEntry): void {
    const segment = address >>> 8;
    let rows = this.#segments.get(segment);
    if (rows === undefined) {
      rows = new Int32Array(SEGMENT_SIZE).fill(NOBODY);
      this.#segments.set(segment, rows);
    }
    rows[address & 255] = row;
    entry.segments.set(segment, (entry.segments.get(segment) ?? 0) + 1);
    entry.count++;
  }

  #leave(address: Ipv4, entry: NodeEntry): void {
    const segment = address >>> 8;
    this.#segments.get(segment)![address & 255] = NOBODY;
    const left = entry.segments.get(segment)! - 1;
    if (left === 0) entry.segments.delete(segment);
    else entry.segments.set(segment, left);
    entry.count--;
  }
}
