/**
 * Which virtual network, peer or site an address lies in, as one network sees it. Peering is not transitive: a network sees
 * its own peers, never theirs, and a peer's gateway only where both sides say so.
 * Source: https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview
 */
import { type Address, azure, type Cidr, cidrOf, contains } from '../../model/index.ts';

/** A site outside of Azure, reached through a gateway. */
export interface Site {
  readonly name: string;
  readonly prefixes: readonly Cidr[];
  /** the network whose gateway leads there */
  readonly gatewayNetwork: azure.VirtualNetwork;
  readonly over: 'VPN' | 'ExpressRoute';
}

/** Where an address is, seen from a network. */
export type Location =
  | { readonly in: 'network'; readonly network: azure.VirtualNetwork }
  | { readonly in: 'peer'; readonly network: azure.VirtualNetwork; readonly peering: azure.Peering }
  | { readonly in: 'site'; readonly site: Site };

/** What one network sees of the others. */
export interface NetworkView {
  readonly network: azure.VirtualNetwork;
  readonly own: readonly Cidr[];
  readonly peers: readonly {
    readonly peering: azure.Peering;
    readonly network: azure.VirtualNetwork;
    readonly prefixes: readonly Cidr[];
  }[];
  /** through its own gateway, or one that a peer lends */
  readonly sites: readonly Site[];
}

export function prefixesOf({ properties }: azure.VirtualNetwork): readonly Cidr[] {
  return properties.addressSpace.addressPrefixes.map(cidrOf);
}

export function subnetPrefixes({ properties }: azure.Subnet): readonly Cidr[] {
  const { addressPrefix, addressPrefixes = [] } = properties;
  return (addressPrefix === undefined ? addressPrefixes : [addressPrefix]).map(cidrOf);
}

export function subnetOf(network: azure.VirtualNetwork, address: Address): azure.Subnet | undefined {
  return network.properties.subnets?.find((subnet) => subnetPrefixes(subnet).some((cidr) => contains(cidr, address)));
}

/** The sites that a network's own gateway leads to. */
export function sitesBehind(network: azure.VirtualNetwork, cloud: azure.CloudView): readonly Site[] {
  const isHere = ({ properties }: azure.VirtualNetworkGateway) =>
    properties.ipConfigurations.some(({ properties: { subnet } }) =>
      azure.sameId(azure.parentId(subnet.id), network.id),
    );
  const gateways = cloud.list('vnet-gateway').filter(isHere);
  return cloud.list('vpn-connection').flatMap(({ properties }) => {
    const { virtualNetworkGateway1, localNetworkGateway2, connectionStatus = 'Connected' } = properties;
    const gateway = gateways.find(({ id }) => azure.sameId(id, virtualNetworkGateway1.id));
    const local = localNetworkGateway2 && cloud.get('local-gateway', localNetworkGateway2.id);
    if (gateway === undefined || local === undefined || connectionStatus !== 'Connected') return [];
    const { addressPrefixes } = local.properties.localNetworkAddressSpace;
    const over = gateway.properties.gatewayType === 'Vpn' ? 'VPN' : 'ExpressRoute';
    return [{ name: local.name, prefixes: addressPrefixes.map(cidrOf), gatewayNetwork: network, over } as const];
  });
}

/** The peering that the other side has towards `network`, if it is up. */
function backTo(network: azure.VirtualNetwork, other: azure.VirtualNetwork): azure.Peering | undefined {
  return other.properties.virtualNetworkPeerings?.find(({ properties }) =>
    azure.sameId(properties.remoteVirtualNetwork.id, network.id),
  );
}

/** A peering is connected when both sides have one. */
export function viewOf(network: azure.VirtualNetwork, cloud: azure.CloudView): NetworkView {
  const sites = [...sitesBehind(network, cloud)];
  const peers: NetworkView['peers'][number][] = [];
  for (const peering of network.properties.virtualNetworkPeerings ?? []) {
    const { remoteVirtualNetwork, allowVirtualNetworkAccess = true, useRemoteGateways = false } = peering.properties;
    const remote = cloud.get('vnet', remoteVirtualNetwork.id);
    const back = remote && backTo(network, remote);
    if (remote === undefined || back === undefined) continue;
    if (allowVirtualNetworkAccess) peers.push({ peering, network: remote, prefixes: prefixesOf(remote) });
    if (useRemoteGateways && back.properties.allowGatewayTransit === true) sites.push(...sitesBehind(remote, cloud));
  }
  return { network, own: prefixesOf(network), peers, sites };
}

const isIn = (prefixes: readonly Cidr[], address: Address) => prefixes.some((prefix) => contains(prefix, address));

/** Undefined for an address that the network knows nothing of: the internet, or nobody. */
export function locate({ network, own, peers, sites }: NetworkView, address: Address): Location | undefined {
  if (isIn(own, address)) return { in: 'network', network };
  const peer = peers.find(({ prefixes }) => isIn(prefixes, address));
  if (peer !== undefined) return { in: 'peer', network: peer.network, peering: peer.peering };
  const site = sites.find(({ prefixes }) => isIn(prefixes, address));
  return site === undefined ? undefined : { in: 'site', site };
}

/** The networks that a site reaches: the one with the gateway, and peers to which it lends it. */
export function networksBehind({ gatewayNetwork }: Site, cloud: azure.CloudView): readonly azure.VirtualNetwork[] {
  const borrowers = (gatewayNetwork.properties.virtualNetworkPeerings ?? []).flatMap(({ properties }) => {
    const remote = cloud.get('vnet', properties.remoteVirtualNetwork.id);
    const back = remote && backTo(gatewayNetwork, remote);
    const isLent = properties.allowGatewayTransit === true && back?.properties.useRemoteGateways === true;
    return remote !== undefined && isLent ? [remote] : [];
  });
  return [gatewayNetwork, ...borrowers];
}
