/**
 * Which changes of objects move the serial of a zone's SOA: those that CoreDNS takes for visible, which are not all.
 *
 * Source: CoreDNS plugin/kubernetes/controller.go `detectChanges` and the functions that it calls.
 */
import {
  type DnsImportRecords,
  type DnsPod,
  type DnsRecords,
  externalIPsOf,
  sourceClusterOf,
} from '../../src/dataplane/index.ts';
import type { EndpointSlice, Service, ServiceImport } from '../../src/model/index.ts';

/** The zones that a change shows in; `external` is that of k8s_external. */
export interface MovedSerials {
  readonly internal: boolean;
  readonly external: boolean;
}

type Ports =
  | readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[]
  | null
  | undefined;

/** Whether two lists hold the same in the same order; what is left out equals the empty list. */
function sameList<T>(a: readonly T[] | null | undefined, b: typeof a, same: (a: T, b: T) => boolean): boolean {
  const [left, right] = [a ?? [], b ?? []];
  return left.length === right.length && left.every((item, i) => same(item, right[i]!));
}

function samePorts(a: Ports, b: Ports): boolean {
  return sameList(a, b, (one, other) => {
    return one.name === other.name && one.port === other.port && one.protocol === other.protocol;
  });
}

function movedByService(before: Service | undefined, after: Service | undefined): MovedSerials {
  if (before === after) return { internal: false, external: false };
  if (before === undefined || after === undefined) {
    return { internal: true, external: externalIPsOf((before ?? after)!).length > 0 };
  }
  if (!samePorts(before.spec.ports, after.spec.ports)) return { internal: true, external: true };
  return {
    internal: before.spec.externalName !== after.spec.externalName,
    external: !sameList(externalIPsOf(before), externalIPsOf(after), (a, b) => a === b),
  };
}

interface SeenEndpoint {
  readonly address: string;
  readonly hostname: string;
  readonly zone: string;
}

function endpointsSeen({ endpoints }: EndpointSlice, zonal: boolean): readonly SeenEndpoint[] {
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname = '', zone = '' }) => {
      return addresses.map((address) => ({ address, hostname, zone: zonal ? zone : '' }));
    });
}

/** Whether both answer alike: ready addresses with their hostnames, ports and, with option `zonal`, zones. */
function sameSlice(before: EndpointSlice | undefined, after: EndpointSlice | undefined, zonal: boolean): boolean {
  if (before === after) return true;
  if (before === undefined || after === undefined) return false;
  if (!samePorts(before.ports, after.ports)) return false;
  return sameList(endpointsSeen(before, zonal), endpointsSeen(after, zonal), (a, b) => {
    return a.address === b.address && a.hostname === b.hostname && a.zone === b.zone;
  });
}

type SameSlice = (before: EndpointSlice, after: EndpointSlice) => boolean;

function movedBySlices(before: readonly EndpointSlice[], after: readonly EndpointSlice[], same: SameSlice): boolean {
  const earlier = new Map(before.map((slice) => [slice.metadata.name, slice]));
  const changed = (slice: EndpointSlice) => {
    const was = earlier.get(slice.metadata.name);
    return was === undefined || (was !== slice && !same(was, slice));
  };
  return after.length !== before.length || after.some(changed);
}

/** What a change of one Service and its slices moves. */
export function movedSerials(
  before: DnsRecords | undefined,
  after: DnsRecords | undefined,
  zonal: boolean,
): MovedSerials {
  const { internal, external } = movedByService(before?.service, after?.service);
  const same: SameSlice = (earlier, slice) => sameSlice(earlier, slice, zonal);
  return { internal: internal || movedBySlices(before?.slices ?? [], after?.slices ?? [], same), external };
}

function sameImport(before: ServiceImport | undefined, after: ServiceImport | undefined): boolean {
  if (before === after) return true;
  if (before === undefined || after === undefined) return false;
  return before.spec?.type === after.spec?.type && samePorts(before.spec?.ports ?? [], after.spec?.ports ?? []);
}

/** Whether a change of one ServiceImport and its slices moves the serial of the multicluster zones. */
export function movedByImport(before: DnsImportRecords | undefined, after: DnsImportRecords | undefined): boolean {
  if (!sameImport(before?.serviceImport, after?.serviceImport)) return true;
  return movedBySlices(before?.slices ?? [], after?.slices ?? [], (earlier, slice) => {
    return sameSlice(earlier, slice, false) && sourceClusterOf(earlier) === sourceClusterOf(slice);
  });
}

/** A pod's names are its addresses: nothing else of it shows. */
export function movedByPod(before: DnsPod | undefined, after: DnsPod | undefined): boolean {
  return !sameList(before?.addresses, after?.addresses, (a, b) => a === b);
}
