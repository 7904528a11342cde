/**
 * Which endpoints of a service port a node uses: by traffic policy, readiness and topology hints.
 * Source: kubernetes pkg/proxy/topology.go (CategorizeEndpoints), pkg/proxy/serviceport.go.
 */
import type { NodeFacts, ServiceEndpoint, ServicePortRecord } from '../../src/dataplane/index.ts';

export interface CategorizedEndpoints {
  /** for traffic policy Cluster; undefined where the service port never uses it */
  readonly cluster: readonly ServiceEndpoint[] | undefined;
  /** for traffic policy Local; undefined where the service port never uses it, or no endpoint here is usable */
  readonly local: readonly ServiceEndpoint[] | undefined;
  /** all that this node sends anything to */
  readonly allReachable: readonly ServiceEndpoint[] | undefined;
  /** whether any endpoint anywhere is usable */
  readonly hasAnyEndpoints: boolean;
}

/** Feature gates that change the choice. */
export interface TopologyGates {
  /** node hints count: KEP-3015, on by default since 1.34 */
  readonly preferSameTrafficDistribution: boolean;
}

const NOTHING: CategorizedEndpoints = {
  cluster: undefined,
  local: undefined,
  allReachable: undefined,
  hasAnyEndpoints: false,
};
const DEFAULT_GATES: TopologyGates = { preferSameTrafficDistribution: true };

type TopologyMode = 'none' | 'PreferSameNode' | 'PreferSameZone';

export function isExternallyAccessible(port: ServicePortRecord): boolean {
  return port.nodePort !== 0 || port.loadBalancerVIPs.length > 0 || port.externalIPs.length > 0;
}

/** Local external policy needs Cluster endpoints too: pods and the node itself are not subject to it. */
export function usesClusterEndpoints(port: ServicePortRecord): boolean {
  return !port.internalPolicyLocal || isExternallyAccessible(port);
}

export function usesLocalEndpoints(port: ServicePortRecord): boolean {
  return port.internalPolicyLocal || (port.externalPolicyLocal && isExternallyAccessible(port));
}

function isTerminatingButServing(endpoint: ServiceEndpoint): boolean {
  return endpoint.serving && endpoint.terminating;
}

/** Whether the choice can differ from node to node. */
export function dependsOnNode(port: ServicePortRecord): boolean {
  if (usesLocalEndpoints(port)) return true;
  return port.endpoints.some(({ zoneHints, nodeHints }) => zoneHints !== undefined || nodeHints !== undefined);
}

/** Hints of a kind count only when every ready endpoint has one, and one of them is meant for this node. */
function isHintedFor(
  endpoints: readonly ServiceEndpoint[],
  hints: 'nodeHints' | 'zoneHints',
  value: string | undefined,
): boolean {
  let found = false;
  for (const endpoint of endpoints) {
    if (!endpoint.ready) continue;
    const names = endpoint[hints] ?? [];
    if (names.length === 0) return false;
    if (value !== undefined && names.includes(value)) found = true;
  }
  return found;
}

function topologyMode(endpoints: readonly ServiceEndpoint[], node: NodeFacts, gates: TopologyGates): TopologyMode {
  if (gates.preferSameTrafficDistribution && isHintedFor(endpoints, 'nodeHints', node.name)) return 'PreferSameNode';
  if (isHintedFor(endpoints, 'zoneHints', node.zone)) return 'PreferSameZone';
  return 'none';
}

function isAvailable(endpoint: ServiceEndpoint, mode: TopologyMode, node: NodeFacts): boolean {
  switch (mode) {
    case 'none':
      return true;
    case 'PreferSameNode':
      return endpoint.nodeHints?.includes(node.name) === true;
    case 'PreferSameZone':
      return node.zone !== undefined && endpoint.zoneHints?.includes(node.zone) === true;
    default:
      return mode satisfies never;
  }
}

/** Serving and terminating endpoints stand in only where no endpoint at all is ready. */
function clusterEndpoints(endpoints: readonly ServiceEndpoint[], mode: TopologyMode, node: NodeFacts) {
  const ready = endpoints.filter((endpoint) => endpoint.ready && isAvailable(endpoint, mode, node));
  return ready.length > 0 ? ready : endpoints.filter(isTerminatingButServing);
}

/** Looks at this node alone: a terminating endpoint here goes before ready ones elsewhere. */
function localEndpoints(endpoints: readonly ServiceEndpoint[], node: NodeFacts) {
  const here = endpoints.filter(({ nodeName }) => nodeName === node.name);
  const ready = here.filter((endpoint) => endpoint.ready);
  const usable = ready.length > 0 ? ready : here.filter(isTerminatingButServing);
  return usable.length > 0 ? usable : undefined;
}

/** The endpoints of `port` that `node` uses. All lists keep the order of `port.endpoints`. */
export function categorizeEndpoints(
  port: ServicePortRecord,
  node: NodeFacts,
  gates: TopologyGates = DEFAULT_GATES,
): CategorizedEndpoints {
  const { endpoints } = port;
  if (endpoints.length === 0) return NOTHING;
  const cluster = usesClusterEndpoints(port)
    ? clusterEndpoints(endpoints, topologyMode(endpoints, node, gates), node)
    : undefined;
  if (!usesLocalEndpoints(port))
    return {
      cluster,
      local: undefined,
      allReachable: cluster,
      hasAnyEndpoints: cluster !== undefined && cluster.length > 0,
    };
  const local = localEndpoints(endpoints, node);
  const hasAnyEndpoints = endpoints.some((endpoint) => endpoint.ready || isTerminatingButServing(endpoint));
  if (cluster === undefined) return { cluster, local, allReachable: local, hasAnyEndpoints };
  const reachable = new Set([...cluster, ...(local ?? [])]);
  return { cluster, local, allReachable: endpoints.filter((endpoint) => reachable.has(endpoint)), hasAnyEndpoints };
}
