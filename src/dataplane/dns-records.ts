/**
 * What CoreDNS's kubernetes plugin knows: Services with their slices, namespaces and pods, as its own informers have them,
 * cut down to what names are made of and indexed by what is asked for.
 *
 * Source: CoreDNS plugin/kubernetes/object/{service,endpoint}.go and the indexers of plugin/kubernetes/controller.go.
 */
import {
  type EndpointSlice,
  formatAddress,
  type Key,
  type Labels,
  parseAddress,
  type Service,
  splitKey,
} from '../model/index.ts';

export interface DnsRecords {
  /** undefined where slices name a Service that does not exist, or no longer: their addresses still have names */
  readonly service: Service | undefined;
  /** the Service's slices, by name */
  readonly slices: readonly EndpointSlice[];
}

/** Where a record leads: an address, or a name that a CNAME points to. */
export interface DnsHost {
  /** as the object spells it; what the reverse index compares */
  readonly text: string;
  readonly type: 'A' | 'AAAA' | 'CNAME';
  /** as an answer prints it */
  readonly data: string;
}

/** A port of a Service or a slice. `port` is -1 where none is declared: no SRV record, but addresses still answer. */
export interface DnsPort {
  readonly name: string;
  /** lower case: `tcp` */
  readonly protocol: string;
  readonly port: number;
}

export interface DnsEndpoint {
  readonly host: DnsHost;
  /** the label before the Service's name: the hostname, else the address with dashes */
  readonly label: string;
  /** the same under the option `endpoint_pod_names` */
  readonly podLabel: string;
  /** topology zone in lower case; empty where the endpoint has none */
  readonly zone: string;
}

export interface DnsSlice {
  /** ready endpoints only; one for each address */
  readonly endpoints: readonly DnsEndpoint[];
  readonly ports: readonly DnsPort[];
  readonly labels: Labels;
  /** the cluster that it comes from, where another one has exported it; else empty */
  readonly cluster: string;
}

/** What the names of a Service are made of, but for its endpoints. */
export interface DnsServiceNames {
  readonly key: Key;
  /** false where there are only slices: reverse answers know it, forward answers do not */
  readonly exists: boolean;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly headless: boolean;
  /** where an ExternalName leads; undefined for every other type */
  readonly external: DnsHost | undefined;
  readonly clusterIPs: readonly DnsHost[];
  /** the addresses and host names outside of the cluster: those of the spec, then the load balancer's */
  readonly externalIPs: readonly DnsHost[];
  readonly ports: readonly DnsPort[];
}

export interface DnsService extends DnsServiceNames {
  readonly slices: readonly DnsSlice[];
}

/** A running pod's addresses, kept only where the Corefile says `pods verified`. */
export interface DnsPod {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Labels;
}

const NO_LABELS: Labels = {};
const PORTLESS: readonly DnsPort[] = [{ name: '', protocol: '', port: -1 }];
/** A pod's name longer than this is no DNS label (RFC 1035, 2.3.4). */
const LABEL_LENGTH_MAX = 63;

export function dnsHostOf(text: string): DnsHost {
  const address = parseAddress(text);
  if (address === undefined) return { text, type: 'CNAME', data: text.endsWith('.') ? text : `${text}.` };
  const data = formatAddress(address);
  return { text, type: typeof address === 'number' ? 'A' : 'AAAA', data: data === text ? text : data };
}

/** An address as a label: `10-244-1-10`, `fd00--1`; a final dash gains a zero. */
function dashed(address: string): string {
  if (address.includes('.')) return address.replaceAll('.', '-');
  if (!address.includes(':')) return '';
  const label = address.replaceAll(':', '-');
  return label.endsWith('-') ? `${label}0` : label;
}

export function dnsPortsOf(
  ports: readonly { name?: string; protocol?: string; port?: number }[] | null | undefined,
): readonly DnsPort[] {
  if (ports === null || ports === undefined || ports.length === 0) return PORTLESS;
  return ports.map(({ name = '', protocol = '', port = -1 }) => ({
    name: name.toLowerCase(),
    protocol: protocol.toLowerCase(),
    port,
  }));
}

/** The cluster that has exported a slice (KEP-1645); empty where it does not say. */
export function sourceClusterOf({ metadata }: Pick<EndpointSlice, 'metadata'>): string {
  return metadata.labels?.['multicluster.kubernetes.io/source-cluster'] ?? '';
}

function sliceOf(slice: EndpointSlice): DnsSlice {
  const endpoints: DnsEndpoint[] = [];
  for (const { addresses, conditions, hostname = '', targetRef, zone = '' } of slice.endpoints ?? []) {
    if (conditions?.ready === false) continue;
    const podName = targetRef !== undefined && targetRef.name.length <= LABEL_LENGTH_MAX ? targetRef.name : '';
    for (const address of addresses) {
      const label = hostname === '' ? dashed(address) : hostname;
      const podLabel = hostname === '' && podName !== '' ? podName : label;
      endpoints.push({ host: dnsHostOf(address), label, podLabel, zone: zone.toLowerCase() });
    }
  }
  const labels = slice.metadata.labels ?? NO_LABELS;
  return { endpoints, ports: dnsPortsOf(slice.ports), labels, cluster: sourceClusterOf(slice) };
}

/** The ready addresses of slices, as they spell them. */
export function readyAddressesOf(slices: readonly EndpointSlice[]): ReadonlySet<string> {
  const ready = new Set<string>();
  for (const { endpoints } of slices) {
    for (const { addresses, conditions } of endpoints ?? []) {
      if (conditions?.ready !== false) for (const address of addresses) ready.add(address);
    }
  }
  return ready;
}

/** Slices are frozen and shared, so what was read from one stays true for as long as it is kept. */
const READ_SLICES = new WeakMap<EndpointSlice, DnsSlice>();

export function dnsSliceOf(slice: EndpointSlice): DnsSlice {
  let read = READ_SLICES.get(slice);
  if (read === undefined) {
    read = sliceOf(slice);
    READ_SLICES.set(slice, read);
  }
  return read;
}

/** The names of slices without a Service. */
function orphanOf(key: Key): DnsServiceNames {
  return {
    ...splitKey(key),
    key,
    exists: false,
    labels: NO_LABELS,
    headless: false,
    external: undefined,
    clusterIPs: [],
    externalIPs: [],
    ports: PORTLESS,
  };
}

export function externalIPsOf({ spec, status }: Service): readonly string[] {
  const ingress = status.loadBalancer.ingress ?? [];
  return [...(spec.externalIPs ?? []), ...ingress.map(({ ip = '', hostname = '' }) => (ip === '' ? hostname : ip))];
}

export function dnsNamesOf(key: Key, { service }: Pick<DnsRecords, 'service'>): DnsServiceNames {
  if (service === undefined) return orphanOf(key);
  const { spec, metadata } = service;
  const addresses =
    spec.clusterIPs !== undefined && spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP ?? ''];
  const headless = addresses[0] === 'None';
  return {
    key,
    exists: true,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    labels: metadata.labels ?? NO_LABELS,
    headless,
    external: spec.type === 'ExternalName' ? dnsHostOf(spec.externalName ?? '') : undefined,
    clusterIPs: headless ? [] : addresses.filter((address) => address !== '').map(dnsHostOf),
    externalIPs: externalIPsOf(service).map(dnsHostOf),
    ports: dnsPortsOf(spec.ports),
  };
}
