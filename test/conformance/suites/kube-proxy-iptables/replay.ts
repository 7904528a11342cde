/** Turns a recording's configuration into ours, and a service port of ours into the recording's words. */
import {
  categorizeEndpoints,
  type KubeProxyConfig,
  type LocalDetector,
  serviceChainName,
} from '../../../../controllers/kube-proxy/index.ts';
import type { NodeFacts, ServiceEndpoint, ServicePortRecord } from '../../../../src/dataplane/index.ts';
import { addressOf, cidrOf, formatAddress, formatCidr, PROTOCOL_NUMBERS } from '../../../../src/model/index.ts';
import type { RecordedConfig, RecordedServicePort } from './recording.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';

function detectorOf({ implemented, ifLocal = [] }: RecordedConfig['localDetector']): LocalDetector {
  if (!implemented) return { mode: 'none' };
  const [flag, value = ''] = ifLocal;
  if (flag === '-s') return { mode: 'ClusterCIDR', cidr: cidrOf(value) };
  if (flag !== '-i') throw new Error(`a local detector by ${flag}`);
  return value.endsWith('+')
    ? { mode: 'InterfaceNamePrefix', prefix: value.slice(0, -1) }
    : { mode: 'BridgeInterface', name: value };
}

export function proxyConfig(recorded: RecordedConfig): KubeProxyConfig {
  return {
    family: recorded.ipFamily === 'IPv4' ? 4 : 6,
    localDetector: detectorOf(recorded.localDetector),
    masqueradeAll: recorded.masqueradeAll,
    masqueradeBit: Math.log2(Number(recorded.masqueradeMark)),
    randomFully: recorded.randomFully,
    localhostNodePorts: recorded.localhostNodePorts,
    nodePortAddresses: recorded.nodePortAddresses.map(cidrOf),
    bindAddress: addressOf(recorded.nodeIP),
    conntrackTcpBeLiberal: recorded.conntrackTCPLiberal,
    nfacct: {
      ctStateInvalidDropped: recorded.nfAcctCounters['ct_state_invalid_dropped_pkts'] === true,
      localhostNodePortsAccepted: recorded.nfAcctCounters['localhost_nps_accepted_pkts'] === true,
    },
    largeClusterEndpointsThreshold: recorded.largeClusterEndpointsThreshold,
    canary: false,
  };
}

export function nodeFacts(recorded: RecordedConfig): NodeFacts {
  const zone = recorded.topologyLabels[ZONE_LABEL];
  const addresses = recorded.interfaceAddresses.map((text) => addressOf(text.split('/')[0] ?? ''));
  return { name: recorded.nodeName, addresses, podCidrs: [], ...(zone === undefined ? {} : { zone }) };
}

function protocolText(port: ServicePortRecord): string {
  const found = Object.entries(PROTOCOL_NUMBERS).find(([, number]) => number === port.protocol);
  if (found === undefined) throw new Error(`a Service over protocol ${port.protocol}`);
  return found[0];
}

function recordedEndpoint(port: ServicePortRecord, endpoint: ServiceEndpoint, node: NodeFacts) {
  const { ready, serving, terminating, zoneHints, nodeHints } = endpoint;
  return {
    endpoint: endpoint.text,
    local: endpoint.nodeName === node.name,
    ready,
    serving,
    terminating,
    sepChain: serviceChainName('KUBE-SEP-', port.name, port.protocol, endpoint.text),
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

/** In a recording's words; abridged where the recording is. */
export function recordedServicePort(port: ServicePortRecord, node: NodeFacts, abridged: boolean): RecordedServicePort {
  const name = (prefix: 'KUBE-SVC-' | 'KUBE-SVL-' | 'KUBE-EXT-' | 'KUBE-FW-') =>
    serviceChainName(prefix, port.name, port.protocol);
  const endpoints = port.endpoints.map((endpoint) => recordedEndpoint(port, endpoint, node));
  return {
    servicePortName: port.name,
    protocol: protocolText(port),
    clusterIP: formatAddress(port.clusterIP),
    port: port.port,
    ...optionalFields(port),
    externalPolicyLocal: port.externalPolicyLocal,
    internalPolicyLocal: port.internalPolicyLocal,
    svcChain: name('KUBE-SVC-'),
    svlChain: name('KUBE-SVL-'),
    extChain: name('KUBE-EXT-'),
    fwChain: name('KUBE-FW-'),
    ...(abridged
      ? { endpointsAbridged: true, endpoints: [...endpoints.slice(0, 2), ...endpoints.slice(-1)] }
      : { endpoints, categorized: categorized(port, node) }),
  };
}
