/**
 * Which node takes what comes from outside for a load balancer's address or an external IP, where no fabric of Azure is laid
 * around the cluster. As Azure's load balancer does for AKS (floating IP), the destination stays what it was; a client keeps to
 * one node. Nodes count whose kube-proxy says that it serves: under externalTrafficPolicy Local those with a ready endpoint.
 * Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip; KEP-3458 for the probe of policy Cluster.
 */
import type { Dataplane, FiledPort } from '../dataplane/index.ts';
import { type Address, TCP } from '../model/index.ts';
import { memberFor } from './fabric/distribution.ts';

export type Balanced =
  /** no Service has the address, or it is a ClusterIP */
  'not balanced' | 'no node serves' | { readonly node: string };

export function nodeBalancedTo(
  destination: Address,
  client: Address,
  { service, node }: Pick<Dataplane, 'service' | 'node'>,
): Balanced {
  const ports = service.atAddress(destination).filter(({ port }) => port.clusterIP !== destination);
  if (ports.length === 0) return 'not balanced';
  const everywhere = ports.some(({ port }) => !port.externalPolicyLocal);
  const members = everywhere ? [...node.keys()] : nodesWithEndpoints(ports);
  // All ports of an address share their way, for routes know no ports.
  const flow = { source: client, destination, protocol: TCP, sourcePort: 0, destinationPort: 0 } as const;
  const chosen = memberFor(flow, members.sort(), 'SourceIP');
  return chosen === undefined ? 'no node serves' : { node: chosen };
}

function nodesWithEndpoints(ports: readonly FiledPort[]): string[] {
  const names = new Set<string>();
  for (const { port } of ports)
    for (const { ready, nodeName } of port.endpoints) if (ready && nodeName !== undefined) names.add(nodeName);
  return [...names];
}
