/** A recording's configuration in our words, and what we made in the recording's. */
import {
  type IpvsConfig,
  type IpvsProxierState,
  type KubeProxySets,
  type LocalDetector,
  listedAddresses,
  SETS,
  type SetKey,
} from '../../../../controllers/kube-proxy/index.ts';
import {
  type NodeFacts,
  type ServicePortRecord,
  type VirtualServer,
  virtualServerName,
} from '../../../../src/dataplane/index.ts';
import { type Address, addressOf, cidrOf, formatAddress, formatEndpoint } from '../../../../src/model/index.ts';
import { recordedServicePort } from '../kube-proxy-iptables/replay.ts';
import type { RecordedConfig, RecordedIpSet, RecordedVirtualServer } from './recording.ts';

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

export function proxyConfig(recorded: RecordedConfig): IpvsConfig {
  const family = recorded.ipFamily === 'IPv4' ? 4 : 6;
  const unspecified = family === 4 ? '0.0.0.0' : '::';
  return {
    family,
    localDetector: detectorOf(recorded.localDetector),
    masqueradeAll: recorded.masqueradeAll,
    masqueradeBit: Math.log2(Number(recorded.masqueradeMark)),
    randomFully: recorded.randomFully,
    nodePortAddresses: recorded.nodePortAddresses.map(cidrOf),
    // A test's proxier without a node address: then no range holds it, as none holds the unspecified one.
    bindAddress: addressOf(recorded.nodeIP === '' ? unspecified : recorded.nodeIP),
    scheduler: recorded.ipvsScheduler,
    excludeCidrs: recorded.excludeCIDRs.map(cidrOf),
    // The proxier of the tests makes its sets for IPv4, whatever its own family (NewFakeProxier).
    setFamily: 4,
  };
}

export function nodeFacts(recorded: RecordedConfig): NodeFacts {
  const zone = recorded.topologyLabels[ZONE_LABEL];
  const addresses = recorded.nodeAddresses.map(addressOf);
  return { name: recorded.nodeName, addresses, podCidrs: [], ...(zone === undefined ? {} : { zone }) };
}

export function interfaceAddresses(recorded: RecordedConfig): readonly Address[] {
  return recorded.interfaceAddresses.map((text) => addressOf(text.split('/')[0] ?? ''));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function recordedSet(sets: KubeProxySets, key: SetKey): RecordedIpSet {
  const { name, type, family, entries } = sets[key];
  const hashFamily = family === 4 ? 'inet' : 'inet6';
  return { name, type, hashFamily, comment: `"${SETS[key].comment}"`, entries: [...entries.keys()] };
}

export function recordedSets(sets: KubeProxySets): readonly RecordedIpSet[] {
  const recorded = (Object.keys(SETS) as SetKey[]).map((key) => recordedSet(sets, key));
  return recorded.sort((a, b) => byText(a.name, b.name));
}

function recordedServer(server: VirtualServer): RecordedVirtualServer {
  const { scheduler, flags, timeoutSeconds, realServers } = server;
  const real = [...realServers.values()].map(({ address, port, weight }) => ({
    address: formatEndpoint(address, port),
    weight,
  }));
  real.sort((a, b) => byText(a.address, b.address));
  return { address: virtualServerName(server), scheduler, flags, timeout: timeoutSeconds, realServers: real };
}

export function recordedServers({ servers }: IpvsProxierState): readonly RecordedVirtualServer[] {
  return [...servers.values()].map(recordedServer).sort((a, b) => byText(a.address, b.address));
}

export function recordedDummyAddresses(state: IpvsProxierState): readonly string[] {
  return listedAddresses(state).map(formatAddress).sort(byText);
}

/** As in iptables mode, without the names of chains. */
export function recordedIpvsPort(port: ServicePortRecord, node: NodeFacts) {
  const { svcChain: _, svlChain: __, extChain: ___, fwChain: ____, ...rest } = recordedServicePort(port, node, false);
  const endpoints = rest.endpoints.map(({ sepChain: _____, ...endpoint }) => endpoint);
  return { ...rest, endpoints };
}
