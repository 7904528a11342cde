/** Turns a recording's configuration into ours, and a service port of ours into the recording's words. */
import {
  affinitySetName,
  categorizeEndpoints,
  endpointNameBase,
  type LocalDetector,
  type NftablesConfig,
  servicePortNameBase,
} from '../../../../controllers/kube-proxy/index.ts';
import type { NodeFacts, ServiceEndpoint, ServicePortRecord } from '../../../../src/dataplane/index.ts';
import {
  addressOf,
  cidrOf,
  formatAddress,
  formatCidr,
  PROTOCOL_NUMBERS,
  type Protocol,
  type ProtocolNumber,
} from '../../../../src/model/index.ts';
import type { Fact, RecordedConfig, Recording } from './recording.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';

function detectorOf({ implemented, ifLocalNFT = [] }: RecordedConfig['localDetector']): LocalDetector {
  if (!implemented) return { mode: 'none' };
  const value = ifLocalNFT.at(-1) ?? '';
  if (ifLocalNFT[0] !== 'iifname') return { mode: 'ClusterCIDR', cidr: cidrOf(value) };
  return value.endsWith('*')
    ? { mode: 'InterfaceNamePrefix', prefix: value.slice(0, -1) }
    : { mode: 'BridgeInterface', name: value };
}

export function proxyConfig(recorded: RecordedConfig): NftablesConfig {
  return {
    family: recorded.ipFamily === 'IPv4' ? 4 : 6,
    localDetector: detectorOf(recorded.localDetector),
    masqueradeAll: recorded.masqueradeAll,
    masqueradeBit: Math.log2(Number(recorded.masqueradeMark)),
    nodePortAddresses: recorded.nodePortAddresses.map(cidrOf),
    bindAddress: addressOf(recorded.nodeIP),
    serviceCidrs: recorded.serviceCIDRs === '' ? [] : recorded.serviceCIDRs.split(',').map(cidrOf),
  };
}

export function nodeFacts(recorded: RecordedConfig): NodeFacts {
  const zone = recorded.topologyLabels[ZONE_LABEL];
  const addresses = recorded.interfaceAddresses.map((text) => addressOf(text.split('/')[0] ?? ''));
  return { name: recorded.nodeName, addresses, podCidrs: [], ...(zone === undefined ? {} : { zone }) };
}

/** `0x4000` has 4 digits: kube-proxy's own tests spell the mark so. Where it is not configured, the rules tell. */
export function markDigitsOf({ masqueradeMark }: Recording['config'], rules = ''): number {
  const mark = masqueradeMark ?? /\b0x[0-9a-f]+\b/.exec(rules)?.[0] ?? '0x00000000';
  return mark.length - '0x'.length;
}

function protocolText(protocol: ProtocolNumber): string {
  return Object.entries(PROTOCOL_NUMBERS).find(([, number]) => number === protocol)?.[0] ?? String(protocol);
}

function recordedEndpoint(port: ServicePortRecord, endpoint: ServiceEndpoint, node: NodeFacts) {
  const { ready, serving, terminating, zoneHints, nodeHints, nodeName } = endpoint;
  return {
    endpoint: endpoint.text,
    local: nodeName === node.name,
    ready,
    serving,
    terminating,
    endpointChain: `endpoint-${endpointNameBase(port, endpoint)}`,
    affinitySet: affinitySetName(port, endpoint),
    ...(zoneHints === undefined ? {} : { zoneHints: [...zoneHints].sort() }),
    ...(nodeHints === undefined ? {} : { nodeHints: [...nodeHints].sort() }),
  };
}

function texts(endpoints: readonly ServiceEndpoint[] | undefined): string[] | null {
  return endpoints?.map(({ text }) => text) ?? null;
}

function categorized(port: ServicePortRecord, node: NodeFacts) {
  const { cluster, local, allReachable, hasAnyEndpoints } = categorizeEndpoints(port, node);
  return { cluster: texts(cluster), local: texts(local), allReachable: texts(allReachable), hasAnyEndpoints };
}

/** Fields that a recording leaves out where they say nothing. */
function optionalFields(port: ServicePortRecord) {
  const list = <T>(name: string, values: readonly T[]) => (values.length === 0 ? {} : { [name]: values });
  return {
    ...(port.nodePort === 0 ? {} : { nodePort: port.nodePort }),
    ...(port.healthCheckNodePort === 0 ? {} : { healthCheckNodePort: port.healthCheckNodePort }),
    ...(port.affinitySeconds === 0 ? {} : { sessionAffinity: 'ClientIP', stickyMaxAgeSeconds: port.affinitySeconds }),
    ...list('externalIPs', port.externalIPs.map(formatAddress)),
    ...list('loadBalancerVIPs', port.loadBalancerVIPs.map(formatAddress)),
    ...list('loadBalancerSourceRanges', port.loadBalancerSourceRanges.map(formatCidr)),
  };
}

function chainNames(port: ServicePortRecord) {
  const base = servicePortNameBase(port);
  return {
    serviceChain: `service-${base}`,
    localChain: `local-${base}`,
    externalChain: `external-${base}`,
    firewallChain: `firewall-${base}`,
  };
}

/** In a recording's words. */
export function recordedServicePort(port: ServicePortRecord, node: NodeFacts) {
  return {
    servicePortName: port.name,
    protocol: protocolText(port.protocol),
    clusterIP: formatAddress(port.clusterIP),
    port: port.port,
    ...optionalFields(port),
    externalPolicyLocal: port.externalPolicyLocal,
    internalPolicyLocal: port.internalPolicyLocal,
    ...chainNames(port),
    endpoints: port.endpoints.map((endpoint) => recordedEndpoint(port, endpoint, node)),
    categorized: categorized(port, node),
  };
}

/** A service port of which only its name counts. */
function namedPort({ namespace, service, portName, protocol }: Fact): ServicePortRecord {
  return {
    name: `${namespace}/${service}${portName === '' ? '' : `:${portName}`}`,
    protocol: PROTOCOL_NUMBERS[protocol.toUpperCase() as Protocol],
    clusterIP: 0,
    port: 0,
    nodePort: 0,
    externalIPs: [],
    loadBalancerVIPs: [],
    loadBalancerSourceRanges: [],
    affinitySeconds: 0,
    externalPolicyLocal: false,
    internalPolicyLocal: false,
    healthCheckNodePort: 0,
    endpoints: [],
  };
}

function namedEndpoint(text: string): ServiceEndpoint {
  const colon = text.lastIndexOf(':');
  const address = addressOf(text.slice(0, colon).replaceAll(/[[\]]/g, ''));
  return { address, port: Number(text.slice(colon + 1)), text, ready: true, serving: true, terminating: false };
}

/** The same fact, as our names have it. */
export function factOf(fact: Fact): Fact {
  const port = namedPort(fact);
  if (!('base' in fact)) {
    const { endpointChain, affinitySet } = recordedEndpoint(port, namedEndpoint(fact.endpoint), nodeless);
    return { ...fact, ...chainNames(port), endpointChain, affinitySet };
  }
  const { endpoint } = fact;
  const base = endpoint === undefined ? servicePortNameBase(port) : endpointNameBase(port, namedEndpoint(endpoint));
  return { ...fact, base };
}

const nodeless: NodeFacts = { name: '', addresses: [], podCidrs: [] };
