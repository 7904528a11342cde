/**
 * What stands in the way of a Service on a frontend that others use too.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (checkLoadBalancerResourcesConflicts, isFrontendIPConfigUnsafeToDelete).
 */
import { azure, type Service, type ServicePort } from '../../../src/model/index.ts';
import { ownsRule } from '../names.ts';
import { SyncError } from '../sync-error.ts';

interface AtFrontend {
  readonly protocol?: azure.TransportProtocol;
  readonly frontendIPConfiguration?: azure.Reference;
}

function isAt({ protocol, frontendIPConfiguration }: AtFrontend, frontendId: string, port: ServicePort): boolean {
  return azure.sameId(frontendIPConfiguration?.id, frontendId) && azure.sameId(protocol, port.protocol);
}

/** Throws a `SyncError` where a port of the Service is taken at the frontend. */
export function requireFreePorts(loadBalancer: azure.LoadBalancer, frontendId: string, service: Service): void {
  for (const port of service.spec.ports ?? []) {
    const taken = occupantOf(loadBalancer, frontendId, service, port);
    if (taken === undefined) continue;
    const { protocol, frontendIPConfiguration } = taken.properties;
    throw new SyncError(
      `checkLoadBalancerResourcesConflicts: service port ${port.name ?? ''} is trying to consume the port ${port.port} which is being ${taken.how} with the same protocol ${protocol} and frontend IP config with ID ${frontendIPConfiguration?.id}`,
    );
  }
}

interface Occupant {
  readonly properties: AtFrontend;
  readonly how: string;
}

function occupantOf(
  { properties }: azure.LoadBalancer,
  frontendId: string,
  service: Service,
  port: ServicePort,
): Occupant | undefined {
  const rule = properties.loadBalancingRules?.find((candidate) => {
    const { frontendPort } = candidate.properties;
    const isOther = !ownsRule(service, candidate.name);
    return frontendPort === port.port && isOther && isAt(candidate.properties, frontendId, port);
  });
  if (rule !== undefined) return { ...rule, how: `referenced by an existing loadBalancing rule ${rule.name}` };
  const natRule = properties.inboundNatRules?.find((candidate) => {
    return candidate.properties.frontendPort === port.port && isAt(candidate.properties, frontendId, port);
  });
  if (natRule !== undefined) return { ...natRule, how: `referenced by an existing inbound NAT rule ${natRule.name}` };
  const pool = properties.inboundNatPools?.find((candidate) => {
    const { frontendPortRangeStart: first, frontendPortRangeEnd: last } = candidate.properties;
    const isWithin = first !== undefined && last !== undefined && first <= port.port && port.port <= last;
    return isWithin && isAt(candidate.properties, frontendId, port);
  });
  if (pool === undefined) return undefined;
  const { frontendPortRangeStart, frontendPortRangeEnd } = pool.properties;
  const how = `in the range (${frontendPortRangeStart}-${frontendPortRangeEnd}) of an existing inbound NAT pool ${pool.name}`;
  return { ...pool, how };
}

/** What else than the Service needs a frontend, one sentence each; none where it may go. */
export function needsOfFrontend(
  { name, properties }: azure.LoadBalancer,
  service: Service,
  frontendId: string | undefined,
): readonly string[] {
  if (frontendId === undefined || frontendId === '')
    throw new SyncError('isFrontendIPConfigUnsafeToDelete: incorrect parameters');
  const uses = (part: { readonly properties: AtFrontend }) => {
    return azure.sameId(part.properties.frontendIPConfiguration?.id, frontendId);
  };
  const { loadBalancingRules = [], outboundRules = [], inboundNatRules = [], inboundNatPools = [] } = properties;
  const others = loadBalancingRules.some((rule) => uses(rule) && !ownsRule(service, rule.name));
  const outbound = outboundRules.find((rule) => {
    return rule.properties.frontendIPConfigurations?.some(({ id }) => azure.sameId(id, frontendId));
  });
  const natRule = inboundNatRules.find(uses);
  const natPool = inboundNatPools.find(uses);
  const users = [
    ...(others ? ['load balancing rules of other services'] : []),
    ...(outbound === undefined ? [] : [`the outbound rule ${outbound.name}`]),
    ...(natRule === undefined ? [] : [`the inbound NAT rule ${natRule.name}`]),
    ...(natPool === undefined ? [] : [`the inbound NAT pool ${natPool.name}`]),
  ];
  return users.map((user) => {
    return `isFrontendIPConfigUnsafeToDelete: frontend IP configuration with ID ${frontendId} on LB ${name} cannot be deleted because it is being referenced by ${user}`;
  });
}
