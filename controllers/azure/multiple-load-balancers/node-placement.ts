/**
 * Behind which of several load balancers a node is: the one whose primary machines it is of, else one whose node selector
 * matches, else one without such a selector. A node that is well where it is stays; one that comes goes where the fewest are.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (accommodateNodesByPrimaryVMSet, accommodateNodesByNodeSelector).
 */
import { azure, type Labels, type Node } from '../../../src/model/index.ts';
import { internalIps } from '../controllers/eligible-nodes.ts';
import { isEmptySelector, type LoadBalancerConfiguration, selects } from './configuration.ts';

/** Where AKS says which agent pool a node is of. */
const AGENT_POOL = 'kubernetes.azure.com/agentpool';

export interface PlacementState {
  /** those whose load balancer is there, public or internal: no other can have nodes */
  readonly existing: readonly LoadBalancerConfiguration[];
  /** where the node is now */
  readonly current: LoadBalancerConfiguration | undefined;
  /** how many nodes are behind it */
  readonly nodesOn: (configuration: LoadBalancerConfiguration) => number;
}

/** Undefined where no load balancer may have the node. */
export function placedNode(
  { metadata: { labels = {} } }: Node,
  { existing, current, nodesOn }: PlacementState,
): LoadBalancerConfiguration | undefined {
  const primary = primaryOf(labels, existing);
  if (primary !== undefined) return primary;
  const matching = existing.filter(({ nodeSelector = {} }) => {
    return !isEmptySelector(nodeSelector) && selects(nodeSelector, labels);
  });
  const unselective = existing.filter(({ nodeSelector = {} }) => isEmptySelector(nodeSelector));
  const eligible = matching.length > 0 ? matching : unselective;
  if (current !== undefined && eligible.includes(current)) return current;
  let fewest: LoadBalancerConfiguration | undefined;
  for (const configuration of eligible)
    if (fewest === undefined || nodesOn(configuration) < nodesOn(fewest)) fewest = configuration;
  return fewest;
}

function primaryOf(
  labels: Labels,
  existing: readonly LoadBalancerConfiguration[],
): LoadBalancerConfiguration | undefined {
  return existing.find(({ primaryVMSet }) => azure.sameId(primaryVMSet, labels[AGENT_POOL]));
}

/** A configuration whose load balancer is there, and the addresses in each of its pools. */
export interface Occupied {
  readonly configuration: LoadBalancerConfiguration;
  readonly pools: readonly ReadonlySet<string>[];
}

/** Where a node is now. */
export function currentOf(node: Node, occupied: readonly Occupied[]): LoadBalancerConfiguration | undefined {
  const own = internalIps(node);
  return occupied.find(({ pools }) => pools.some((pool) => own.some((address) => pool.has(address))))?.configuration;
}

/** Where every node is to be: first those of primary agent pools, then the others one after the other. */
export function arrangement(
  nodes: readonly Node[],
  occupied: readonly Occupied[],
): ReadonlyMap<Node, LoadBalancerConfiguration> {
  const existing = occupied.map(({ configuration }) => configuration);
  const placed = new Map<Node, LoadBalancerConfiguration>();
  const counts = new Map<LoadBalancerConfiguration | undefined, number>();
  const count = (configuration: LoadBalancerConfiguration | undefined, by: 1 | -1) =>
    counts.set(configuration, (counts.get(configuration) ?? 0) + by);
  for (const node of nodes) {
    const current = currentOf(node, occupied);
    if (current !== undefined) placed.set(node, current);
    count(current, 1);
  }
  const isPrimary = ({ metadata: { labels = {} } }: Node) => primaryOf(labels, existing) !== undefined;
  const inTurn = [...nodes.filter(isPrimary), ...nodes.filter((node) => !isPrimary(node))];
  for (const node of inTurn) {
    const current = placed.get(node);
    const next = placedNode(node, { existing, current, nodesOn: (configuration) => counts.get(configuration) ?? 0 });
    if (next === current) continue;
    count(current, -1);
    count(next, 1);
    if (next === undefined) placed.delete(node);
    else placed.set(node, next);
  }
  return placed;
}
