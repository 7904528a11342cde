/**
 * What one service port asks of a node in IPVS mode: elements of sets, and virtual servers.
 * Source: kubernetes pkg/proxy/ipvs/proxier.go (syncProxyRules, the loop over service ports).
 */
import {
  type IpSetEntry,
  type NodeFacts,
  PERSISTENT,
  SCHEDULER_HASHES_PORT,
  type ServiceEndpoint,
  type ServicePortRecord,
  type VirtualServer,
  type VirtualServerAddress,
} from '../../../src/dataplane/index.ts';
import { type Address, contains, SCTP, TCP } from '../../../src/model/index.ts';
import { categorizeEndpoints, dependsOnNode } from '../topology.ts';
import type { IpvsConfig } from './config.ts';
import type { SetKey, WantedEntry } from './sets.ts';

/** A node as its kube-proxy finds it. Loopback addresses are in none of the lists. */
export interface IpvsNode {
  readonly facts: NodeFacts;
  readonly nodeIP: Address | undefined;
  /** of the proxy's family, on any interface but the dummy */
  readonly addresses: ReadonlySet<Address>;
  /** those that answer node ports */
  readonly nodePortAddresses: readonly Address[];
}

/** A virtual server that should be there. */
export interface WantedServer {
  readonly server: Omit<VirtualServer, 'realServers'>;
  /** whether the dummy device takes the address */
  readonly binds: boolean;
  /** whether it may be another on another node: it answers a node port, or its endpoints depend on the node */
  readonly differs: boolean;
  readonly endpoints: readonly ServiceEndpoint[];
}

/** What a service port wants of a node. */
export interface PortWants {
  readonly entries: readonly WantedEntry[];
  readonly servers: readonly WantedServer[];
  /** load balancers' addresses and ports that the node itself may not reach */
  readonly blockedFromNode: readonly VirtualServerAddress[];
}

/** Where a service port's wants are gathered. */
class Wants implements PortWants {
  readonly entries: WantedEntry[] = [];
  readonly servers: WantedServer[] = [];
  readonly blockedFromNode: VirtualServerAddress[] = [];

  entry(set: SetKey, entry: IpSetEntry): void {
    this.entries.push({ set, entry });
  }

  server(wanted: WantedServer): void {
    const { address } = wanted.server;
    this.servers.push(wanted);
    if (wanted.binds) this.entry('KUBE-IPVS-IPS', { type: 'hash:ip', address });
  }
}

/** Nodes are not exempt from source ranges as in other modes: on a node, a VIP is both source and destination. */
function gatherSourceRanges(port: ServicePortRecord, vip: Address, node: IpvsNode, wants: Wants): void {
  const at = { address: vip, protocol: port.protocol, port: port.port };
  if (port.loadBalancerSourceRanges.length === 0) return;
  wants.entry('KUBE-LOAD-BALANCER-FW', { type: 'hash:ip,port', ...at });
  for (const range of port.loadBalancerSourceRanges)
    wants.entry('KUBE-LOAD-BALANCER-SOURCE-CIDR', { type: 'hash:ip,port,net', ...at, range });
  const { nodeIP } = node;
  if (nodeIP !== undefined && port.loadBalancerSourceRanges.some((range) => contains(range, nodeIP)))
    wants.entry('KUBE-LOAD-BALANCER-SOURCE-IP', { type: 'hash:ip,port,ip', ...at, other: vip });
  else wants.blockedFromNode.push(at);
}

/** The sets of a node port by protocol: for SCTP an address goes with it, since ipset knows no bitmap of SCTP ports. */
function gatherNodePortEntries(port: ServicePortRecord, node: IpvsNode, wants: Wants): void {
  const { protocol, nodePort } = port;
  const keys: readonly SetKey[] =
    protocol === TCP
      ? ['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP']
      : protocol === SCTP
        ? ['KUBE-NODE-PORT-SCTP-HASH', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH']
        : ['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP'];
  for (const key of port.externalPolicyLocal ? keys : keys.slice(0, 1))
    if (protocol !== SCTP) wants.entry(key, { type: 'bitmap:port', port: nodePort });
    else
      for (const address of node.nodePortAddresses)
        wants.entry(key, { type: 'hash:ip,port', address, protocol, port: nodePort });
}

/** A hairpin: an endpoint that reaches itself through a Service must see another source than its own address. */
function gatherLoopBack(port: ServicePortRecord, node: IpvsNode, wants: Wants): void {
  for (const { address, port: endpointPort, nodeName } of port.endpoints) {
    if (nodeName !== node.facts.name) continue;
    const entry = { address, protocol: port.protocol, port: endpointPort, other: address };
    wants.entry('KUBE-LOOP-BACK', { type: 'hash:ip,port,ip', ...entry });
  }
}

/** Finds endpoints for each kind of traffic, once for all virtual servers of a service port. */
function endpointChoice(port: ServicePortRecord, node: IpvsNode) {
  const { cluster = [], local = [] } = categorizeEndpoints(port, node.facts);
  // Without local endpoints the others serve: pods and the node itself are not bound by the policy, and what comes from
  // outside gets no answer that it would accept (kubernetes pull 97081).
  return (onlyLocal: boolean) => (onlyLocal && local.length > 0 ? local : cluster);
}

/** What `port` wants on `node`. */
export function wantsOf(port: ServicePortRecord, node: IpvsNode, config: IpvsConfig): PortWants {
  const wants = new Wants();
  const { protocol, externalPolicyLocal } = port;
  const endpointsFor = endpointChoice(port, node);
  const persistent = port.affinitySeconds === 0 ? 0 : PERSISTENT;
  const flags = persistent | (config.scheduler === 'mh' ? SCHEDULER_HASHES_PORT : 0);
  const options = { scheduler: config.scheduler, flags, timeoutSeconds: port.affinitySeconds };
  const serve = (address: Address, at: number, binds: boolean, onlyLocal: boolean, differs = dependsOnNode(port)) =>
    wants.server({
      server: { address, port: at, protocol, ...options },
      binds,
      differs,
      endpoints: endpointsFor(onlyLocal),
    });
  const entryAt = (address: Address): IpSetEntry => ({ type: 'hash:ip,port', address, protocol, port: port.port });

  gatherLoopBack(port, node, wants);
  wants.entry('KUBE-CLUSTER-IP', entryAt(port.clusterIP));
  serve(port.clusterIP, port.port, true, port.internalPolicyLocal);
  for (const address of port.externalIPs) {
    wants.entry(externalPolicyLocal ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP', entryAt(address));
    serve(address, port.port, !node.addresses.has(address), externalPolicyLocal);
  }
  for (const address of port.loadBalancerVIPs) {
    wants.entry('KUBE-LOAD-BALANCER', entryAt(address));
    if (externalPolicyLocal) wants.entry('KUBE-LOAD-BALANCER-LOCAL', entryAt(address));
    gatherSourceRanges(port, address, node, wants);
    serve(address, port.port, !node.addresses.has(address), externalPolicyLocal);
  }
  gatherNodePorts(port, node, wants, (address) => serve(address, port.nodePort, false, externalPolicyLocal, true));
  return wants;
}

function gatherNodePorts(
  port: ServicePortRecord,
  node: IpvsNode,
  wants: Wants,
  serve: (address: Address) => void,
): void {
  if (port.nodePort !== 0) {
    // kube-proxy then leaves the service port, and its health check port with it.
    if (node.nodePortAddresses.length === 0) return;
    gatherNodePortEntries(port, node, wants);
    for (const address of node.nodePortAddresses) serve(address);
  }
  if (port.healthCheckNodePort !== 0)
    wants.entry('KUBE-HEALTH-CHECK-NODE-PORT', { type: 'bitmap:port', port: port.healthCheckNodePort });
}
