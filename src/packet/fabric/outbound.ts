/**
 * The public address under which a machine reaches the internet. Its own comes first, then the NAT gateway of its subnet, then
 * a load balancer's outbound rule; without any of these nothing leaves.
 * Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections,
 * https://learn.microsoft.com/azure/nat-gateway/nat-overview
 */
import {
  type Address,
  azure,
  familyOf,
  formatAddress,
  type ProtocolNumber,
  parseAddress,
  TCP,
} from '../../model/index.ts';
import { addressOfFrontend, membersOf, type PoolParts, poolOf } from './frontends.ts';
import { IDLE_TIMEOUT_DEFAULT_MINUTES, type IdleTimeout } from './idle-timeout.ts';
import { automaticPorts, portRanges } from './outbound-ports.ts';
import type { Place } from './places.ts';

/** Source addresses and ports that a machine's flows may take, in the order in which they are tried. */
export interface OutboundMethod {
  /** `NAT gateway ngw`, `load balancer kubernetes` */
  readonly of: string;
  readonly rule: string;
  readonly sources: readonly { readonly address: Address; readonly first: number; readonly last: number }[];
  /** the packet keeps its port: an address of the machine's own is translated one to one */
  readonly isOneToOne: boolean;
  readonly idleTimeout: IdleTimeout;
}

interface OutboundParts extends Pick<PoolParts, 'membersOf'> {
  readonly cloud: azure.CloudView;
}

/** a NAT gateway's, on demand for every machine */
const GATEWAY_PORTS = { first: 1024, last: 65535 };

function publicAddress(cloud: azure.CloudView, reference: azure.Reference | undefined): Address | undefined {
  const text = reference && cloud.get('public-ip', reference.id)?.properties.ipAddress;
  return text === undefined ? undefined : parseAddress(text);
}

function minutesOf({ idleTimeoutInMinutes }: { readonly idleTimeoutInMinutes?: number }): number {
  return idleTimeoutInMinutes ?? IDLE_TIMEOUT_DEFAULT_MINUTES;
}

function ownAddress({ nic }: Extract<Place, { in: 'subnet' }>, cloud: azure.CloudView): OutboundMethod | undefined {
  for (const { properties } of nic?.properties.ipConfigurations ?? []) {
    const reference = properties.publicIPAddress;
    const address = publicAddress(cloud, reference);
    if (reference === undefined || address === undefined) continue;
    const sources = [{ address, first: 0, last: 65535 }];
    const minutes = minutesOf(cloud.get('public-ip', reference.id)!.properties);
    const idleTimeout = { minutes, reset: 'never' } as const;
    return { of: `interface ${nic!.name}`, rule: 'instance public IP', sources, isOneToOne: true, idleTimeout };
  }
  return undefined;
}

function natGateway(
  { subnet }: Extract<Place, { in: 'subnet' }>,
  protocol: ProtocolNumber,
  cloud: azure.CloudView,
): OutboundMethod | undefined {
  const reference = subnet.properties.natGateway;
  const gateway = reference && cloud.get('nat-gateway', reference.id);
  if (gateway === undefined) return undefined;
  const sources = (gateway.properties.publicIpAddresses ?? []).flatMap((each) => {
    const address = publicAddress(cloud, each);
    return address === undefined ? [] : { address, ...GATEWAY_PORTS };
  });
  const minutes = protocol === TCP ? minutesOf(gateway.properties) : IDLE_TIMEOUT_DEFAULT_MINUTES;
  const idleTimeout = { minutes, reset: 'on later packets' } as const;
  return { of: `NAT gateway ${gateway.name}`, rule: 'any port on demand', sources, isOneToOne: false, idleTimeout };
}

/** A pool's list is the same object as long as nobody joins or leaves: its members' places are worked out once. */
const placesByPool = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

function placesOf(members: readonly string[]): ReadonlyMap<string, number> {
  let places = placesByPool.get(members);
  if (places === undefined) placesByPool.set(members, (places = new Map(members.map((member, i) => [member, i]))));
  return places;
}

function outboundRule(member: string, { cloud, membersOf: byInterface }: OutboundParts): OutboundMethod | undefined {
  for (const balancer of cloud.list('lb')) {
    for (const rule of balancer.properties.outboundRules ?? []) {
      const pool = poolOf(balancer, rule.properties.backendAddressPool);
      const members = pool === undefined ? [] : membersOf(pool, byInterface);
      const place = placesOf(members).get(member);
      if (place === undefined) continue;
      const sources = allocation(balancer, rule, place, members.length, cloud);
      const of = `load balancer ${balancer.name}`;
      return { of, rule: rule.name, sources, isOneToOne: false, idleTimeout: idleTimeoutOf(rule) };
    }
  }
  return undefined;
}

function allocation(
  balancer: azure.LoadBalancer,
  { properties }: azure.OutboundRule,
  place: number,
  machines: number,
  cloud: azure.CloudView,
): OutboundMethod['sources'] {
  const { frontendIPConfigurations = [], allocatedOutboundPorts = 0 } = properties;
  const addresses = frontendIPConfigurations.flatMap(({ id }) => {
    const frontend = balancer.properties.frontendIPConfigurations?.find((each) => azure.sameId(each.id, id));
    return (frontend && addressOfFrontend(frontend, cloud)) ?? [];
  });
  const ports = allocatedOutboundPorts === 0 ? automaticPorts(machines, addresses.length) : allocatedOutboundPorts;
  return portRanges(place, ports, addresses.length).map(({ address, first, last }) => ({
    address: addresses[address]!,
    first,
    last,
  }));
}

/** A rule's of a load balancer, inbound or outbound. */
export function idleTimeoutOf({ properties }: azure.LoadBalancingRule | azure.OutboundRule): IdleTimeout {
  return { minutes: minutesOf(properties), reset: properties.enableTcpReset === true ? 'at the timeout' : 'never' };
}

/** How a flow of the machine with this address in this place gets out; undefined where it does not. */
export function outboundMethod(
  place: Place,
  machine: Address,
  protocol: ProtocolNumber,
  parts: OutboundParts,
): OutboundMethod | undefined {
  if (place.in !== 'subnet' || familyOf(machine) !== 4) return undefined;
  const { cloud } = parts;
  return ownAddress(place, cloud) ?? natGateway(place, protocol, cloud) ?? outboundRule(formatAddress(machine), parts);
}
