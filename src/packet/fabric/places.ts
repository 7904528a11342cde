/**
 * Where a sender or a receiver is, as Azure's fabric sees it: an interface in a subnet of a virtual network, a machine of a
 * site behind a gateway, or somewhere on the internet.
 */
import { type Address, type azure, contains } from '../../model/index.ts';
import { prefixesOf, type Site, sitesBehind, subnetOf } from './network-map.ts';

export type Place =
  | {
      readonly in: 'subnet';
      readonly network: azure.VirtualNetwork;
      readonly subnet: azure.Subnet;
      readonly nic: azure.NetworkInterface | undefined;
    }
  | { readonly in: 'site'; readonly site: Site }
  | { readonly in: 'internet' };

/** What the fabric asks of the cloud, beside its resources. */
export interface PlaceParts {
  readonly cloud: azure.CloudView;
  /** the interface of the machine that has this address in this network */
  nicAt(networkId: string, address: Address): azure.NetworkInterface | undefined;
}

/** The place of an address in a network; undefined where no subnet of it has the address. */
export function placeIn(network: azure.VirtualNetwork, address: Address, parts: PlaceParts): Place | undefined {
  const subnet = subnetOf(network, address);
  return subnet && { in: 'subnet', network, subnet, nic: parts.nicAt(network.id, address) };
}

/** The place of somebody known by address alone: in whichever network has it, behind whichever gateway, or on the internet. */
export function placeOf(address: Address, parts: PlaceParts): Place {
  const networks = parts.cloud.list('vnet');
  for (const network of networks) {
    const place = prefixesOf(network).some((prefix) => contains(prefix, address))
      ? placeIn(network, address, parts)
      : undefined;
    if (place !== undefined) return place;
  }
  for (const network of networks) {
    const site = sitesBehind(network, parts.cloud).find(({ prefixes }) =>
      prefixes.some((prefix) => contains(prefix, address)),
    );
    if (site !== undefined) return { in: 'site', site };
  }
  return { in: 'internet' };
}

/** The security groups on the way out of a place, or into it, in the order in which they are asked. */
export function groupsOf(
  place: Place,
  direction: 'Inbound' | 'Outbound',
  cloud: azure.CloudView,
): readonly azure.NetworkSecurityGroup[] {
  if (place.in !== 'subnet') return [];
  const ofSubnet = place.subnet.properties.networkSecurityGroup;
  const ofNic = place.nic?.properties.networkSecurityGroup;
  const references = direction === 'Inbound' ? [ofSubnet, ofNic] : [ofNic, ofSubnet];
  return references.flatMap((reference) => (reference && cloud.get('nsg', reference.id)) ?? []);
}
