/**
 * What kube-proxy's health check server is told: a load balancer asks each node whether it has endpoints of a Service.
 * Source: kubernetes pkg/proxy/servicechangetracker.go (HealthCheckNodePorts), endpointschangetracker.go (LocalReadyEndpoints).
 */
import type { NodeFacts } from '../../src/dataplane/index.ts';
import type { Address, Family, Key } from '../../src/model/index.ts';
import { familyOf } from '../../src/model/index.ts';
import type { ChangeTracker } from './change-tracker.ts';

export interface HealthCheck {
  /** by Service: the port that answers */
  readonly healthCheckNodePorts: Readonly<Record<Key, number>>;
  /** by Service: how many addresses of this node are ready. 200 where there is one, 503 where there is none */
  readonly localReadyEndpoints: Readonly<Record<Key, number>>;
}

export function healthCheckOf(tracker: ChangeTracker, node: NodeFacts, family: Family): HealthCheck {
  const healthCheckNodePorts: Record<Key, number> = {};
  for (const { key, ports } of tracker.services.records())
    for (const { clusterIP, healthCheckNodePort } of ports)
      if (familyOf(clusterIP) === family && healthCheckNodePort !== 0) healthCheckNodePorts[key] = healthCheckNodePort;
  // One address at two ports is one endpoint. Terminating ones still serve, but the load balancer shall look elsewhere.
  const addresses = new Map<Key, Set<Address>>();
  for (const [key, endpoints] of tracker.endpoints())
    for (const { address, ready, nodeName } of endpoints) {
      if (!ready || nodeName !== node.name) continue;
      const known = addresses.get(key);
      if (known === undefined) addresses.set(key, new Set([address]));
      else known.add(address);
    }
  const counts = [...addresses].map(([key, found]) => [key, found.size] as const);
  return { healthCheckNodePorts, localReadyEndpoints: Object.fromEntries(counts) };
}
