/**
 * Everything that controllers have programmed, as one immutable value. A change gives a new root which shares what did not
 * change, so a snapshot is a pointer. The root is small (immer makes it); its members are opaque persistent structures.
 */

import { produce } from 'immer';
import { Map as PersistentMap } from 'immutable';
import type { Key, Labels, Moment } from '../model/index.ts';
import type { CnsPool } from './cns-pool.ts';
import type { ContainerRun, ProcessState } from './container.ts';
import { type DnsImportRecords, dnsImportOf } from './dns-imports.ts';
import type { DnsPod, DnsRecords } from './dns-records.ts';
import { DnsPods, DnsZone } from './dns-zone.ts';
import { NodeNetworks } from './node-networks.ts';
import { type PodNetwork, PodNetworks } from './pod-networks.ts';
import type { RouteSync } from './route-sync.ts';
import type { NodeFacts, ServiceRecord } from './service-ports.ts';
import { ServiceTable } from './service-table.ts';
import { VersionedMap } from './versioned-map.ts';

/** What can be programmed: piece by piece, each piece under a key. */
export interface Pieces {
  /** a node's place in the network, by node name (kubelet, CNI) */
  node: NodeFacts;
  /** a pod's sandbox and addresses, by pod key (CNI, CNS) */
  pod: PodNetwork;
  /** what the container runtime was told of a name server's container, by pod key (kubelet) */
  container: ContainerRun;
  /** how the process in such a container is, by pod key */
  process: ProcessState;
  /** what the virtual network takes to a node for its pods, as `podCidrs`, by node name (Azure, DNC) */
  networkInterface: NodeFacts;
  /** the addresses that CNS holds for its node's pods, by node name (Pod Subnet, dynamic) */
  cnsPool: CnsPool;
  /** what CNS knew a sandbox as whose DEL is still to come, by pod key: it comes after the pod's next ADD */
  lateDelete: string;
  /** a Service's ports and endpoints, by Service key (kube-proxy) */
  service: ServiceRecord;
  /** a Service's names, by Service key (CoreDNS) */
  dns: DnsRecords;
  /** the names of a Service in other clusters, by the key of its ServiceImport, where the Corefile has a multicluster zone (CoreDNS) */
  dnsImport: DnsImportRecords;
  /** a namespace's labels, by its name (CoreDNS) */
  dnsNamespace: Labels;
  /** a pod's addresses, by pod key, where the Corefile says `pods verified` (CoreDNS) */
  dnsPod: DnsPod;
  /** when a zone's records last changed, by `internal`, `external` or `multicluster`: what its SOA serial is made of (CoreDNS) */
  dnsModified: Moment;
  /** configuration that a program has loaded, by file name: `Corefile` (CoreDNS) */
  file: string;
  /** where the search for the next pod CIDR begins, by cluster CIDR (node IPAM) */
  podCidrCursor: number;
  /** since when the pod garbage collector has missed a node that pods name, by node name */
  nodeQuarantine: Moment;
  /** what is under way with a Service's load balancer, by Service key (cloud-controller-manager) */
  loadBalancerSync: 'ensuring' | 'deleting';
  /** the route table as the route controller knows it, and what is under way with it, by the table's name (cloud-controller-manager) */
  routeSync: RouteSync;
}

export type Piece = keyof Pieces;

export interface Dataplane {
  readonly node: NodeNetworks;
  readonly pod: PodNetworks;
  readonly container: PersistentMap<Key, ContainerRun>;
  readonly process: PersistentMap<Key, ProcessState>;
  readonly networkInterface: NodeNetworks;
  readonly cnsPool: PersistentMap<string, CnsPool>;
  readonly lateDelete: PersistentMap<Key, string>;
  readonly service: ServiceTable;
  readonly dns: DnsZone;
  readonly dnsImport: DnsZone<DnsImportRecords>;
  readonly dnsNamespace: VersionedMap<Labels>;
  readonly dnsPod: DnsPods;
  readonly dnsModified: PersistentMap<string, Moment>;
  readonly file: PersistentMap<string, string>;
  readonly podCidrCursor: PersistentMap<string, number>;
  readonly nodeQuarantine: PersistentMap<string, Moment>;
  readonly loadBalancerSync: PersistentMap<string, Pieces['loadBalancerSync']>;
  readonly routeSync: PersistentMap<string, RouteSync>;
}

export const EMPTY_DATAPLANE: Dataplane = {
  node: NodeNetworks.EMPTY,
  pod: PodNetworks.EMPTY,
  container: PersistentMap(),
  process: PersistentMap(),
  networkInterface: NodeNetworks.EMPTY,
  cnsPool: PersistentMap(),
  lateDelete: PersistentMap(),
  service: ServiceTable.EMPTY,
  dns: DnsZone.EMPTY,
  dnsImport: DnsZone.empty(dnsImportOf, ({ serviceImport }) => serviceImport),
  dnsNamespace: VersionedMap.empty(),
  dnsPod: DnsPods.EMPTY,
  dnsModified: PersistentMap(),
  file: PersistentMap(),
  podCidrCursor: PersistentMap(),
  nodeQuarantine: PersistentMap(),
  loadBalancerSync: PersistentMap(),
  routeSync: PersistentMap(),
};

/** One change: `value` undefined removes the piece. */
export type Program = {
  readonly [P in Piece]: { readonly piece: P; readonly key: string; readonly value: Pieces[P] | undefined };
}[Piece];

export function readPiece<P extends Piece>(dataplane: Dataplane, piece: P, key: string): Pieces[P] | undefined {
  return (dataplane[piece] as { get(key: string): Pieces[P] | undefined }).get(key);
}

export function program(dataplane: Dataplane, change: Program): Dataplane {
  return produce(dataplane, (draft) => replaceMember(draft as unknown as Members, change));
}

/**
 * The dataplane while programs write to it. Changes are gathered: `current` shows each at once, and `root` is one immutable
 * value for all that came since it was last asked for. A snapshot, a packet and a printer take the root.
 */
export class GatheredDataplane {
  readonly #members: Members = { ...EMPTY_DATAPLANE };
  #root: Dataplane = EMPTY_DATAPLANE;
  #gathered = false;

  /** as it is now, and goes on to be: not to be kept */
  get current(): Dataplane {
    return this.#members;
  }

  get root(): Dataplane {
    if (this.#gathered) {
      this.#root = produce(this.#root, (draft) => void Object.assign(draft, this.#members));
      this.#gathered = false;
    }
    return this.#root;
  }

  change(change: Program): void {
    replaceMember(this.#members, change);
    this.#gathered = true;
  }
}

/** Each member is opaque: never drafted, only replaced. */
type Members = { -readonly [P in Piece]: Dataplane[P] };

function replaceMember(members: Members, { piece, key, value }: Program): void {
  const layers = members as unknown as Record<Piece, Layer>;
  const layer = layers[piece];
  layers[piece] = value === undefined && layer.delete !== undefined ? layer.delete(key) : layer.set(key, value);
}

/** What every member of the dataplane can do; one of our own treats `set` to undefined as removal. */
interface Layer {
  set(key: string, value: unknown): Layer;
  delete?(key: string): Layer;
}
