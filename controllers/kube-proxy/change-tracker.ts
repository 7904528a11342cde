/**
 * What has changed since the last sync, and what kube-proxy then knows: its Services and endpoints of one family.
 * Source: kubernetes pkg/proxy/servicechangetracker.go, endpointschangetracker.go, endpointslicecache.go.
 */
import { type ServiceEndpoint, type ServicePortRecord, ServiceTable } from '../../src/dataplane/index.ts';
import {
  type EndpointSlice,
  type Family,
  familyOf,
  isEqual,
  type Key,
  keyOf,
  type Service,
} from '../../src/model/index.ts';
import { type EndpointsByPort, gatherEndpoints } from './endpoints.ts';
import { keepUnchanged } from './same-record.ts';
import { serviceRecordOf } from './service-record.ts';

/** What a node's kube-proxy is shown at a sync. */
export interface ProxiedObjects {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

interface Tracked {
  /** the Service's ports without their endpoints; empty where it is skipped or gone */
  readonly ports: readonly Omit<ServicePortRecord, 'endpoints'>[];
  readonly slices: readonly EndpointSlice[];
  readonly endpoints: EndpointsByPort;
}

export interface TrackedChanges {
  readonly tracker: ChangeTracker;
  /** Services that changed themselves or in their slices, in any respect: their chains are written again. Sorted */
  readonly updatedServices: readonly Key[];
  /**
   * Whether slices changed of a Service with UDP endpoints, before or after: connections may lead to endpoints that are no
   * more. kube-proxy does not ask whether it was a UDP port that changed (EndpointsMap.Update).
   */
  readonly conntrackCleanupRequired: boolean;
}

const NOTHING: Tracked = { ports: [], slices: [], endpoints: new Map() };

/** The key of the Service a slice belongs to; undefined for slices that kube-proxy of this family has no use for. */
function serviceOf(slice: EndpointSlice, family: Family): Key | undefined {
  const name = slice.metadata.labels?.['kubernetes.io/service-name'] ?? '';
  if (name === '' || slice.addressType !== (family === 4 ? 'IPv4' : 'IPv6')) return undefined;
  return `${slice.metadata.namespace}/${name}`;
}

function withoutEndpoints({ endpoints: _, ...rest }: ServicePortRecord): Omit<ServicePortRecord, 'endpoints'> {
  return rest;
}

/** Whether any UDP port has an endpoint. */
function hasUdp(endpoints: EndpointsByPort): boolean {
  return [...endpoints].some(([port, found]) => port.endsWith('/UDP') && found.size > 0);
}

export class ChangeTracker {
  readonly services: ServiceTable;
  readonly #family: Family;
  readonly #tracked: ReadonlyMap<Key, Tracked>;

  private constructor(family: Family, services: ServiceTable, tracked: ReadonlyMap<Key, Tracked>) {
    this.services = services;
    this.#family = family;
    this.#tracked = tracked;
  }

  static empty(family: Family): ChangeTracker {
    return new ChangeTracker(family, ServiceTable.EMPTY, new Map());
  }

  /** all endpoints, also those of Services that there are not, by Service and port */
  *endpoints(): Iterable<readonly [Key, Iterable<ServiceEndpoint>]> {
    for (const [key, { endpoints }] of this.#tracked)
      for (const found of endpoints.values()) yield [key, found.values()];
  }

  /** the same, with the ports told apart */
  *endpointsByPort(): Iterable<readonly [Key, EndpointsByPort]> {
    for (const [key, { endpoints }] of this.#tracked) yield [key, endpoints];
  }

  update({ services, slices }: ProxiedObjects): TrackedChanges {
    const byKey = new Map(services.map((service) => [keyOf(service), service]));
    const slicesByKey = new Map<Key, EndpointSlice[]>();
    for (const slice of slices) {
      const key = serviceOf(slice, this.#family);
      if (key !== undefined) slicesByKey.set(key, [...(slicesByKey.get(key) ?? []), slice]);
    }
    const tracked = new Map<Key, Tracked>();
    const updated: Key[] = [];
    let table = this.services;
    let conntrackCleanupRequired = false;
    for (const key of new Set([...this.#tracked.keys(), ...byKey.keys(), ...slicesByKey.keys()])) {
      const before = this.#tracked.get(key) ?? NOTHING;
      const service = byKey.get(key);
      const found = this.#track(service, slicesByKey.get(key) ?? []);
      if (found !== NOTHING) tracked.set(key, found);
      if (isEqual(before.ports, found.ports) && isEqual(before.slices, found.slices)) continue;
      updated.push(key);
      table = table.set(key, service && this.#record(service, found.slices));
      const slicesChanged = !isEqual(before.slices, found.slices);
      if (slicesChanged && (hasUdp(before.endpoints) || hasUdp(found.endpoints))) conntrackCleanupRequired = true;
    }
    const tracker = new ChangeTracker(this.#family, table, tracked);
    return { tracker, updatedServices: updated.sort(), conntrackCleanupRequired };
  }

  #record(service: Service, slices: readonly EndpointSlice[]) {
    const record = serviceRecordOf(service, slices);
    return record && keepUnchanged(this.services.get(record.key), record);
  }

  #track(service: Service | undefined, slices: readonly EndpointSlice[]): Tracked {
    const record = service && serviceRecordOf(service, []);
    const ports = (record?.ports ?? []).filter(({ clusterIP }) => familyOf(clusterIP) === this.#family);
    if (ports.length === 0 && slices.length === 0) return NOTHING;
    const sorted = [...slices].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return { ports: ports.map(withoutEndpoints), slices: sorted, endpoints: gatherEndpoints(slices, this.#family) };
  }
}
