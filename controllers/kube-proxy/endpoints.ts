/**
 * The endpoints of a Service's ports, gathered from its slices.
 * Source: kubernetes pkg/proxy/endpointslicecache.go (getEndpointsMap, addEndpoints), endpoint.go.
 */
import type { ServiceEndpoint } from '../../src/dataplane/index.ts';
import {
  type Endpoint,
  type EndpointSlice,
  type Family,
  formatEndpoint,
  type Protocol,
} from '../../src/model/index.ts';
import { parseSloppyAddress } from './sloppy-address.ts';

/** Endpoints by `ip:port`, per service port: `name/PROTOCOL`. */
export type EndpointsByPort = ReadonlyMap<string, ReadonlyMap<string, ServiceEndpoint>>;

const NO_ENDPOINTS: readonly ServiceEndpoint[] = [];

export function endpointsPortKey(name: string, protocol: Protocol): string {
  return `${name}/${protocol}`;
}

function names(hints: readonly { readonly name: string }[] | undefined): readonly string[] | undefined {
  return hints === undefined || hints.length === 0 ? undefined : hints.map(({ name }) => name);
}

/** One endpoint at one port; undefined where it has no address. Absent conditions mean ready and serving. */
function endpointAt(endpoint: Endpoint, port: number): ServiceEndpoint | undefined {
  const address = endpoint.addresses[0] === undefined ? undefined : parseSloppyAddress(endpoint.addresses[0]);
  if (address === undefined) return undefined;
  const zoneHints = names(endpoint.hints?.forZones);
  const nodeHints = names(endpoint.hints?.forNodes);
  const { ready, serving, terminating } = endpoint.conditions ?? {};
  // Field by field: a literal with parts left out by spreads is slow, and this is for every endpoint.
  const found: { -readonly [F in keyof ServiceEndpoint]: ServiceEndpoint[F] } = {
    address,
    port,
    text: formatEndpoint(address, port),
    ready: ready ?? true,
    serving: serving ?? true,
    terminating: terminating ?? false,
  };
  if (endpoint.nodeName !== undefined) found.nodeName = endpoint.nodeName;
  if (zoneHints !== undefined) found.zoneHints = zoneHints;
  if (nodeHints !== undefined) found.nodeHints = nodeHints;
  return found;
}

function addSlice(byPort: Map<string, Map<string, ServiceEndpoint>>, slice: EndpointSlice): void {
  for (const { name, port, protocol } of slice.ports ?? []) {
    // A port without a name or a number belongs to no service port.
    if (name === undefined || port === undefined || port === 0) continue;
    const key = endpointsPortKey(name, protocol ?? 'TCP');
    const endpoints = byPort.get(key) ?? new Map<string, ServiceEndpoint>();
    byPort.set(key, endpoints);
    for (const each of slice.endpoints ?? []) {
      const endpoint = endpointAt(each, port);
      if (endpoint === undefined) continue;
      // The same address can be in two slices: moving between them, or reused before its last pod is quite gone.
      // The one that is not terminating wins.
      if (!endpoints.has(endpoint.text) || !endpoint.terminating) endpoints.set(endpoint.text, endpoint);
    }
  }
}

/**
 * The endpoints of one family. Slices are taken by name: kube-proxy goes through them in no particular order, which shows
 * only where two endpoints that do not terminate share an address and port.
 */
export function gatherEndpoints(slices: Iterable<EndpointSlice>, family: Family): EndpointsByPort {
  const byPort = new Map<string, Map<string, ServiceEndpoint>>();
  const type = family === 4 ? 'IPv4' : 'IPv6';
  const sorted = [...slices].filter(({ addressType }) => addressType === type);
  if (sorted.length > 1) sorted.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const slice of sorted) addSlice(byPort, slice);
  return byPort;
}

/** A service port's endpoints, sorted by their text as kube-proxy sorts them: 10.0.0.10 goes before 10.0.0.2. */
export function endpointsOf(byPort: EndpointsByPort, name: string, protocol: Protocol): readonly ServiceEndpoint[] {
  const endpoints = byPort.get(endpointsPortKey(name, protocol));
  if (endpoints === undefined) return NO_ENDPOINTS;
  return [...endpoints.values()].sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
}
