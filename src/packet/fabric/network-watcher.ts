/**
 * What Network Watcher tells of one interface: whether a flow is let through and by which rule, where a packet goes next, and
 * all that applies to it. Shapes are those that `az network watcher` and `az network nic` print.
 * Source: https://learn.microsoft.com/azure/network-watcher/ip-flow-verify-overview, next-hop-overview,
 * https://learn.microsoft.com/cli/azure/network/nic (show-effective-route-table, list-effective-nsg)
 */
import { type Address, addressOf, azure, type Cidr, formatCidr } from '../../model/index.ts';
import { type EffectiveRoute, effectiveRoutes, routeTo } from './effective-routes.ts';
import type { Flow } from './flow.ts';
import { viewOf } from './network-map.ts';
import { groupsOf, type Place, type PlaceParts, placeIn } from './places.ts';
import { DEFAULT_SECURITY_RULES, type Direction, rulesInOrder, securityDecision } from './security-rules.ts';

export interface IpFlowVerdict {
  readonly access: 'Allow' | 'Deny';
  /** `securityRules/deny-all`, `defaultSecurityRules/AllowVnetInBound` */
  readonly ruleName: string;
}

export interface NextHop {
  readonly nextHopType: EffectiveRoute['nextHopType'];
  readonly nextHopIpAddress: string;
  /** the id of the route table, or `System Route` */
  readonly routeTableId: string;
}

export interface WatchedRoute {
  readonly addressPrefix: readonly string[];
  readonly name: string | null;
  readonly nextHopIpAddress: readonly string[];
  readonly nextHopType: EffectiveRoute['nextHopType'];
  readonly source: EffectiveRoute['source'];
  readonly state: EffectiveRoute['state'];
}

export interface WatchedGroup {
  readonly association: { readonly networkInterface?: azure.Reference; readonly subnet?: azure.Reference };
  readonly networkSecurityGroup: azure.Reference;
  readonly effectiveSecurityRules: readonly (azure.SecurityRule['properties'] & { readonly name: string })[];
}

type SubnetPlace = Extract<Place, { in: 'subnet' }>;

/** What Network Watcher needs to know of the cloud. */
export interface WatcherParts extends PlaceParts {
  readonly serviceTags: ReadonlyMap<string, readonly Cidr[]>;
}

/** The interface's place; undefined where its subnet is not there. */
function placeOfInterface(nic: azure.NetworkInterface, parts: WatcherParts): SubnetPlace | undefined {
  const { subnet, privateIPAddress } = nic.properties.ipConfigurations[0]?.properties ?? {};
  const network = subnet && parts.cloud.get('vnet', azure.parentId(subnet.id));
  const place = network && privateIPAddress && placeIn(network, addressOf(privateIPAddress), parts);
  return place === '' || place?.in !== 'subnet' ? undefined : { ...place, nic };
}

function ruleName(name: string): string {
  const isDefault = DEFAULT_SECURITY_RULES.some((rule) => rule.name === name);
  return `${isDefault ? 'defaultSecurityRules' : 'securityRules'}/${name}`;
}

/** Every group must let the flow through; the answer is the first that does not, or the last that does. */
export function verifyIpFlow(
  nic: azure.NetworkInterface,
  direction: Direction,
  flow: Flow,
  parts: WatcherParts,
): IpFlowVerdict | undefined {
  const place = placeOfInterface(nic, parts);
  if (place === undefined) return undefined;
  const { own, peers, sites } = viewOf(place.network, parts.cloud);
  const virtualNetwork = [...own, ...[...peers, ...sites].flatMap(({ prefixes }) => prefixes)];
  const tags = { virtualNetwork, others: parts.serviceTags };
  let verdict: IpFlowVerdict = { access: 'Allow', ruleName: 'no network security group' };
  for (const group of groupsOf(place, direction, parts.cloud)) {
    const decision = securityDecision(group, direction, flow, tags);
    if (decision === undefined) continue;
    verdict = { access: decision.access, ruleName: ruleName(decision.rule) };
    if (decision.access === 'Deny') break;
  }
  return verdict;
}

export function nextHop(nic: azure.NetworkInterface, destination: Address, parts: WatcherParts): NextHop | undefined {
  const place = placeOfInterface(nic, parts);
  const route = place && routeTo(effectiveRoutes(place.network, place.subnet, parts.cloud), destination);
  if (place === undefined || route === undefined) return undefined;
  return {
    nextHopIpAddress: route.nextHopIpAddress ?? '',
    nextHopType: route.nextHopType,
    routeTableId: (route.source === 'User' ? place.subnet.properties.routeTable?.id : undefined) ?? 'System Route',
  };
}

export function watchedRoutes(nic: azure.NetworkInterface, parts: WatcherParts): readonly WatchedRoute[] {
  const place = placeOfInterface(nic, parts);
  if (place === undefined) return [];
  return effectiveRoutes(place.network, place.subnet, parts.cloud).map((route) => ({
    addressPrefix: [formatCidr(route.prefix)],
    name: route.name ?? null,
    nextHopIpAddress: route.nextHopIpAddress === undefined ? [] : [route.nextHopIpAddress],
    nextHopType: route.nextHopType,
    source: route.source,
    state: route.state,
  }));
}

export function watchedGroups(nic: azure.NetworkInterface, { cloud }: WatcherParts): readonly WatchedGroup[] {
  const configuration = nic.properties.ipConfigurations[0]?.properties;
  const network = configuration?.subnet && cloud.get('vnet', azure.parentId(configuration.subnet.id));
  const subnet = network?.properties.subnets?.find(({ id }) => azure.sameId(id, configuration?.subnet?.id));
  const associations = [
    { reference: nic.properties.networkSecurityGroup, association: { networkInterface: { id: nic.id } } },
    { reference: subnet?.properties.networkSecurityGroup, association: { subnet: { id: subnet?.id ?? '' } } },
  ];
  return associations.flatMap(({ reference, association }) => {
    const group = reference && cloud.get('nsg', reference.id);
    if (group === undefined) return [];
    const rules = (['Inbound', 'Outbound'] as const).flatMap((direction) => rulesInOrder(group, direction));
    return {
      association,
      networkSecurityGroup: { id: group.id },
      effectiveSecurityRules: rules.map(({ name, properties }) => ({ ...properties, name: ruleName(name) })),
    };
  });
}
