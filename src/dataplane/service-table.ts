/**
 * The Services that kube-proxy has been told of, as a persistent map: a change gives a new table that shares the rest.
 * A node holds a pointer to the version it has synced; 5,000 nodes that lag differently hold 5,000 pointers.
 *
 * Service ports are filed under each address and port that they claim, so that whoever walks a packet finds them without
 * passing by the others. A change costs in proportion to the Service that changed.
 */
import { Map as PersistentMap } from 'immutable';
import { type Address, type Family, familyOf, type Key, type ProtocolNumber, SCTP, UDP } from '../model/index.ts';
import { type AddressIndex as KeysByAddress, reindex } from './address-index.ts';
import { ChangeLog } from './change-log.ts';
import type { IdleAddresses } from './netfilter.ts';
import type { ServiceEndpoint, ServicePortRecord, ServiceRecord } from './service-ports.ts';

/**
 * A service port as the table holds it, with a place for what has been made from it: whoever writes rules keeps them here,
 * so that a packet finds them without a look-up. A memo, never a meaning: it can be lost at any time.
 */
export class FiledPort {
  readonly port: ServicePortRecord;
  memo: unknown = undefined;

  constructor(port: ServicePortRecord) {
    this.port = port;
  }
}

/** Port and protocol as one integer. */
type PortKey = number;
type Ports = readonly FiledPort[];
type PortIndex = PersistentMap<PortKey, Ports>;

/** What is claimed at one address. Most have one port; its claim is at hand, the others' are in a map. */
interface AddressClaims {
  readonly key: PortKey;
  readonly ports: Ports;
  readonly others: PortIndex;
}

interface FiledService {
  readonly record: ServiceRecord;
  readonly ports: Ports;
}

type AddressIndex = PersistentMap<Address, AddressClaims>;

const NO_PORTS: Ports = [];
const NO_INDEX: PortIndex = PersistentMap();

/** What is filed for one family; node ports and health check ports are claimed on every address of a node. */
interface FamilyIndex {
  readonly nodePorts: PortIndex;
  readonly healthCheckNodePorts: PortIndex;
  /** endpoints summed over service ports, ready or not */
  readonly endpointCount: number;
}

const EMPTY_FAMILY: FamilyIndex = { nodePorts: NO_INDEX, healthCheckNodePorts: NO_INDEX, endpointCount: 0 };

export class ServiceTable {
  static readonly EMPTY = new ServiceTable(PersistentMap(), PersistentMap(), EMPTY_FAMILY, EMPTY_FAMILY, 0);
  /** shared with the versions that came before and after */
  #log = new ChangeLog();
  /** its end when this version was made */
  #logged = 0;
  /** Services by the addresses of their endpoints; made when first asked for, and kept up from then on */
  #byEndpoint: KeysByAddress<Address> | undefined;
  readonly #services: PersistentMap<string, FiledService>;
  readonly #addresses: AddressIndex;
  readonly #ipv4: FamilyIndex;
  readonly #ipv6: FamilyIndex;
  /** how often, up to this version, the endpoints of a Service changed that has UDP ones: kube-proxy then cleans up conntrack */
  readonly udpEndpointChanges: number;

  private constructor(
    services: PersistentMap<string, FiledService>,
    addresses: AddressIndex,
    ipv4: FamilyIndex,
    ipv6: FamilyIndex,
    udpEndpointChanges: number,
  ) {
    this.#services = services;
    this.#addresses = addresses;
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.udpEndpointChanges = udpEndpointChanges;
  }

  /** how many Services there are */
  get size(): number {
    return this.#services.size;
  }

  get(key: string): ServiceRecord | undefined {
    return this.#services.get(key)?.record;
  }

  /** a Service's ports as the table holds them, in the Service's order */
  filed(key: string): readonly FiledPort[] {
    return this.#services.get(key)?.ports ?? NO_PORTS;
  }

  /** Records or, with undefined, forgets a Service. */
  set(key: string, record: ServiceRecord | undefined): ServiceTable {
    const before = this.#services.get(key);
    if (before?.record === record) return this;
    let addresses = this.#addresses;
    let ipv4 = this.#ipv4;
    let ipv6 = this.#ipv6;
    const file = (filed: FiledPort, present: boolean): void => {
      addresses = fileAddresses(addresses, filed, present);
      if (familyOf(filed.port.clusterIP) === 4) ipv4 = fileNodePorts(ipv4, filed, present);
      else ipv6 = fileNodePorts(ipv6, filed, present);
    };
    // Ports that stay as they are stay filed as they are, with all that has been made from them.
    const known = new Map(before?.ports.map((filed) => [filed.port, filed]));
    const ports = (record?.ports ?? []).map((port) => known.get(port) ?? new FiledPort(port));
    for (const filed of before?.ports ?? []) if (!ports.includes(filed)) file(filed, false);
    for (const filed of ports) if (!known.has(filed.port)) file(filed, true);
    const services = record === undefined ? this.#services.delete(key) : this.#services.set(key, { record, ports });
    const changes = this.udpEndpointChanges + (changesUdpEndpoints(before?.record, record) ? 1 : 0);
    const table = new ServiceTable(services, addresses, ipv4, ipv6, changes);
    table.#follow(this, key, before?.record, record);
    return table;
  }

  /** Takes over what `before` keeps beside the Services themselves. */
  #follow(before: ServiceTable, key: Key, was: ServiceRecord | undefined, is: ServiceRecord | undefined): void {
    // Where another version was made of the same one already, the history forks: this one begins its own.
    if (before.#logged === before.#log.end) this.#log = before.#log;
    this.#log.append(key);
    this.#logged = this.#log.end;
    if (before.#byEndpoint !== undefined)
      this.#byEndpoint = reindex(before.#byEndpoint, key, endpointAddresses(was), endpointAddresses(is));
  }

  /** the Services that differ from those of an earlier version; undefined where that is not known any more */
  changedSince(earlier: ServiceTable): ReadonlySet<Key> | undefined {
    return earlier.#log === this.#log ? this.#log.between(earlier.#logged, this.#logged) : undefined;
  }

  /** every record, in no particular order: for printers, never on the way of a packet */
  *records(): Iterable<ServiceRecord> {
    for (const { record } of this.#services.values()) yield record;
  }

  /** every service port of a family, by name and protocol. Walks the table: for printers, never on the way of a packet */
  ports(family: Family): readonly FiledPort[] {
    const ports: FiledPort[] = [];
    for (const service of this.#services.values())
      for (const filed of service.ports) if (familyOf(filed.port.clusterIP) === family) ports.push(filed);
    return ports.sort(byNameAndProtocol);
  }

  /** the service ports that claim this address as cluster IP, external IP or load balancer VIP, by name and protocol */
  at(address: Address, port: number, protocol: ProtocolNumber): readonly FiledPort[] {
    const claims = this.#addresses.get(address);
    if (claims === undefined) return NO_PORTS;
    const key = portKey(port, protocol);
    return claims.key === key ? claims.ports : (claims.others.get(key) ?? NO_PORTS);
  }

  /** the addresses that no service port claims */
  get unclaimed(): IdleAddresses {
    return { isAt: (address) => !this.#addresses.has(address), sameIn: this };
  }

  /** whether any service port of the family has a node port */
  hasNodePorts(family: Family): boolean {
    return !this.#of(family).nodePorts.isEmpty();
  }

  /** the service ports that claim this address, whatever their port, in no particular order */
  atAddress(address: Address): readonly FiledPort[] {
    const claims = this.#addresses.get(address);
    if (claims === undefined) return NO_PORTS;
    return claims.others.isEmpty() ? claims.ports : [...claims.ports, ...[...claims.others.values()].flat()];
  }

  /** the service ports that have an endpoint with this address, ready or not, in the order of their Services' keys */
  withEndpoint(address: Address): readonly FiledPort[] {
    const keys = this.#endpoints().get(address);
    return keys === undefined ? NO_PORTS : keys.flatMap((key) => this.filed(key));
  }

  #endpoints(): KeysByAddress<Address> {
    this.#byEndpoint ??= this.#services.reduce(
      (index: KeysByAddress<Address>, { record }, key) => reindex(index, key, NO_ADDRESSES, endpointAddresses(record)),
      PersistentMap<Address, readonly Key[]>(),
    );
    return this.#byEndpoint;
  }

  /** the service ports with this node port, by name and protocol */
  atNodePort(family: Family, port: number, protocol: ProtocolNumber): readonly FiledPort[] {
    return this.#of(family).nodePorts.get(portKey(port, protocol)) ?? NO_PORTS;
  }

  /** the service ports of the Services with this health check node port (TCP), by name and protocol */
  atHealthCheckNodePort(family: Family, port: number): readonly FiledPort[] {
    return this.#of(family).healthCheckNodePorts.get(port) ?? NO_PORTS;
  }

  /** endpoints summed over the service ports of a family, ready or not */
  endpointCount(family: Family): number {
    return this.#of(family).endpointCount;
  }

  #of(family: Family): FamilyIndex {
    return family === 4 ? this.#ipv4 : this.#ipv6;
  }
}

const NO_ADDRESSES: ReadonlySet<Address> = new Set();

function endpointAddresses(record: ServiceRecord | undefined): ReadonlySet<Address> {
  if (record === undefined) return NO_ADDRESSES;
  return new Set(record.ports.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)));
}

/** Any of the Service's endpoints count, not only those of its UDP ports (kubernetes pkg/proxy, EndpointsMap.Update). */
function changesUdpEndpoints(before: ServiceRecord | undefined, after: ServiceRecord | undefined): boolean {
  if (!hasUdpEndpoints(before) && !hasUdpEndpoints(after)) return false;
  const [old, now] = [before?.ports ?? [], after?.ports ?? []];
  return old.length !== now.length || old.some(({ endpoints }, i) => !hasSame(endpoints, now[i]!.endpoints));
}

/** Endpoints that did not change stay the same objects. */
function hasSame(old: readonly ServiceEndpoint[], now: readonly ServiceEndpoint[]): boolean {
  return old.length === now.length && old.every((endpoint, i) => endpoint === now[i]);
}

function hasUdpEndpoints(record: ServiceRecord | undefined): boolean {
  return record?.ports.some(({ protocol, endpoints }) => protocol === UDP && endpoints.length > 0) === true;
}

function portKey(port: number, protocol: ProtocolNumber): PortKey {
  return port * 256 + protocol;
}

/** The order in which kube-proxy's rules are printed: service port name, then protocol by its name. */
export function byNameAndProtocol({ port: a }: FiledPort, { port: b }: FiledPort): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return protocolRank(a.protocol) - protocolRank(b.protocol);
}

/** SCTP, TCP, UDP: their numbers are in another order than their names. */
function protocolRank(protocol: ProtocolNumber): number {
  return protocol === SCTP ? 0 : protocol;
}

function changePorts(ports: Ports, filed: FiledPort, present: boolean): Ports {
  const others = ports.filter((other) => other !== filed);
  if (!present) return others;
  return others.length === 0 ? [filed] : [...others, filed].sort(byNameAndProtocol);
}

function filePort(index: PortIndex, key: PortKey, filed: FiledPort, present: boolean): PortIndex {
  const ports = changePorts(index.get(key) ?? NO_PORTS, filed, present);
  return ports.length === 0 ? index.delete(key) : index.set(key, ports);
}

/** Undefined where nothing is claimed any more. */
function changeClaims(
  claims: AddressClaims | undefined,
  key: PortKey,
  filed: FiledPort,
  present: boolean,
): AddressClaims | undefined {
  if (claims === undefined) return present ? { key, ports: [filed], others: NO_INDEX } : undefined;
  if (claims.key !== key) return { ...claims, others: filePort(claims.others, key, filed, present) };
  const ports = changePorts(claims.ports, filed, present);
  if (ports.length > 0) return { ...claims, ports };
  const next = claims.others.entries().next();
  return next.done === true
    ? undefined
    : { key: next.value[0], ports: next.value[1], others: claims.others.delete(next.value[0]) };
}

function fileAddresses(index: AddressIndex, filed: FiledPort, present: boolean): AddressIndex {
  const key = portKey(filed.port.port, filed.port.protocol);
  let changed = index;
  for (const address of addressesOf(filed.port)) {
    const claims = changeClaims(changed.get(address), key, filed, present);
    changed = claims === undefined ? changed.delete(address) : changed.set(address, claims);
  }
  return changed;
}

function addressesOf(port: ServicePortRecord): Iterable<Address> {
  if (port.externalIPs.length === 0 && port.loadBalancerVIPs.length === 0) return [port.clusterIP];
  return new Set([port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs]);
}

function fileNodePorts(index: FamilyIndex, filed: FiledPort, present: boolean): FamilyIndex {
  const { nodePort, protocol, healthCheckNodePort, endpoints } = filed.port;
  const { nodePorts, healthCheckNodePorts, endpointCount } = index;
  const file = (ports: PortIndex, key: PortKey) => (key === 0 ? ports : filePort(ports, key, filed, present));
  return {
    nodePorts: file(nodePorts, nodePort === 0 ? 0 : portKey(nodePort, protocol)),
    healthCheckNodePorts: file(healthCheckNodePorts, healthCheckNodePort),
    endpointCount: endpointCount + (present ? 1 : -1) * endpoints.length,
  };
}
