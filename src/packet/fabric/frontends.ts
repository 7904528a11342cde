/**
 * The addresses that load balancers answer to, and what a flow to one finds there.
 * Source: https://learn.microsoft.com/azure/load-balancer/components, load-balancer-floating-ip
 */
import { type Address, azure, parseAddress, SCTP, TCP, UDP } from '../../model/index.ts';
import { memberFor } from './distribution.ts';
import type { Flow } from './flow.ts';

export interface Frontend {
  readonly balancer: azure.LoadBalancer;
  readonly configuration: azure.FrontendIpConfiguration;
  readonly isPublic: boolean;
}

/** Where a load balancer sends a flow. */
export type Balanced =
  | {
      readonly outcome: 'sent';
      readonly rule: azure.LoadBalancingRule;
      /** the member's own address */
      readonly member: Address;
      /** undefined with floating IP: the packet keeps the frontend's address and port */
      readonly rewrittenTo: { readonly address: Address; readonly port: number } | undefined;
    }
  | { readonly outcome: 'no rule' }
  | { readonly outcome: 'no healthy member'; readonly rule: azure.LoadBalancingRule };

/** The members that a rule's probe finds well; all of them where it has none. */
export type Health = (probe: azure.Probe | undefined, members: readonly string[]) => readonly string[];

/** The addresses of the machines whose interfaces name the pool, in the order in which they came. */
export type MembersByInterface = (pool: azure.BackendAddressPool) => readonly string[];

/** What balancing asks of the cloud, beside its resources. */
export interface PoolParts {
  readonly healthyOf: Health;
  readonly membersOf: MembersByInterface;
}

export function addressOfFrontend(
  { properties }: azure.FrontendIpConfiguration,
  cloud: azure.CloudView,
): Address | undefined {
  const { publicIPAddress, privateIPAddress } = properties;
  const text =
    publicIPAddress === undefined ? privateIPAddress : cloud.get('public-ip', publicIPAddress.id)?.properties.ipAddress;
  return text === undefined ? undefined : parseAddress(text);
}

/** Every frontend by its address. */
export function frontendsOf(cloud: azure.CloudView): ReadonlyMap<Address, Frontend> {
  const frontends = new Map<Address, Frontend>();
  for (const balancer of cloud.list('lb')) {
    for (const configuration of balancer.properties.frontendIPConfigurations ?? []) {
      const address = addressOfFrontend(configuration, cloud);
      const isPublic = configuration.properties.publicIPAddress !== undefined;
      if (address !== undefined) frontends.set(address, { balancer, configuration, isPublic });
    }
  }
  return frontends;
}

const PROTOCOLS = { [TCP]: 'Tcp', [UDP]: 'Udp', [SCTP]: 'All' } as const;

function ruleFor({ balancer, configuration }: Frontend, flow: Flow): azure.LoadBalancingRule | undefined {
  const protocol = PROTOCOLS[flow.protocol as keyof typeof PROTOCOLS];
  return balancer.properties.loadBalancingRules?.find(({ properties }) => {
    if (!azure.sameId(properties.frontendIPConfiguration?.id, configuration.id)) return false;
    if (properties.protocol === 'All') return true;
    return properties.protocol === protocol && properties.frontendPort === flow.destinationPort;
  });
}

/** A pool's members by address: those that it lists itself, and those whose interfaces say that they belong to it. */
export function membersOf(pool: azure.BackendAddressPool, byInterface: MembersByInterface): readonly string[] {
  const listed = pool.properties.loadBalancerBackendAddresses ?? [];
  if (listed.length === 0) return byInterface(pool);
  return [...new Set([...byInterface(pool), ...listed.flatMap(({ properties }) => properties.ipAddress ?? [])])];
}

export function poolOf(
  { properties }: azure.LoadBalancer,
  reference: azure.Reference | undefined,
): azure.BackendAddressPool | undefined {
  return properties.backendAddressPools?.find(({ id }) => azure.sameId(id, reference?.id));
}

/** Which member a new flow to a frontend is sent to. */
export function balance(frontend: Frontend, flow: Flow, { healthyOf, membersOf: byInterface }: PoolParts): Balanced {
  const rule = ruleFor(frontend, flow);
  if (rule === undefined) return { outcome: 'no rule' };
  const { balancer } = frontend;
  const { backendAddressPool, backendPort = 0, enableFloatingIP = false, loadDistribution } = rule.properties;
  const probe = balancer.properties.probes?.find(({ id }) => azure.sameId(id, rule.properties.probe?.id));
  const pool = poolOf(balancer, backendAddressPool);
  const members = pool === undefined ? [] : membersOf(pool, byInterface);
  const chosen = memberFor(flow, healthyOf(probe, members), loadDistribution);
  const member = chosen === undefined ? undefined : parseAddress(chosen);
  if (member === undefined) return { outcome: 'no healthy member', rule };
  const port = backendPort === 0 ? flow.destinationPort : backendPort;
  return { outcome: 'sent', rule, member, rewrittenTo: enableFloatingIP ? undefined : { address: member, port } };
}
