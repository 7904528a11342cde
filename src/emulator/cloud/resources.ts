/** The resources that a script's cluster and its surroundings stand for, as AKS and a user would have made them. */
import {
  type AzureSurroundings,
  azure,
  CLOUD_CLUSTER_NAME,
  CLUSTER_NETWORK,
  CLUSTER_SCOPE,
  type ClusterSettings,
  LOCATION,
  type NetworkSurroundings,
  NODE_GROUP,
  nodeRouteTableOf,
} from '../../model/index.ts';

export const idOf = (name: azure.ResourceName, resource: string) =>
  azure.resourceId(CLUSTER_SCOPE, azure.RESOURCE_TYPES[name], resource);

export const CLUSTER_NETWORK_ID = idOf('vnet', CLUSTER_NETWORK);
/** the group on the interfaces of all nodes, which Services of type LoadBalancer open */
export const NODE_GROUP_ID = idOf('nsg', NODE_GROUP);
/** AKS names the load balancer after the cluster's name in the cloud provider's configuration */
export const LOAD_BALANCER_ID = idOf('lb', CLOUD_CLUSTER_NAME);
export const OUTBOUND_POOL_ID = azure.subResourceId(LOAD_BALANCER_ID, 'backendAddressPools', 'aksOutboundBackendPool');

/** The id of `subnet` in the cluster's network, or of `network/subnet`. */
export function subnetId(text: string): string {
  const [first = '', second] = text.split('/');
  const network = second === undefined ? CLUSTER_NETWORK : first;
  return azure.subResourceId(idOf('vnet', network), 'subnets', second ?? first);
}

/** Everything but what comes and goes with nodes. */
export function resourcesOf(
  settings: ClusterSettings,
  surroundings: AzureSurroundings,
): readonly azure.AzureResource[] {
  return [
    ...publicAddresses(settings, surroundings),
    nodeGroup(),
    ...surroundings.networkSecurityGroups.map(securityGroup),
    ...routeTables(settings, surroundings).map(routeTable),
    ...natGateways(settings, surroundings),
    ...networks(settings, surroundings),
    ...surroundings.sites.flatMap(site),
    ...surroundings.virtualMachines.map(machineInterface),
    ...outboundBalancer(settings),
  ];
}

function nodeGroup(): azure.NetworkSecurityGroup {
  return {
    type: 'Microsoft.Network/networkSecurityGroups',
    id: NODE_GROUP_ID,
    name: NODE_GROUP,
    location: LOCATION,
    properties: {},
  };
}

function securityGroup({ name, securityRules }: AzureSurroundings['networkSecurityGroups'][number]) {
  return {
    type: 'Microsoft.Network/networkSecurityGroups',
    id: idOf('nsg', name),
    name,
    properties: { securityRules: securityRules.map(({ name: rule, ...properties }) => ({ name: rule, properties })) },
  } as const;
}

/** Those that are declared, and the one to the nodes' pods: for every subnet of nodes that has none of its own. */
function routeTables(
  settings: ClusterSettings,
  { routeTables: declared }: AzureSurroundings,
): AzureSurroundings['routeTables'] {
  const name = nodeRouteTableOf(settings);
  if (name === undefined) return declared;
  const nodes = settings.agentPoolProfiles.map(({ vnetSubnet }) => vnetSubnet);
  const { subnets = [], routes = [] } = declared.find((table) => table.name === name) ?? {};
  const others = declared.filter((table) => table.name !== name);
  return [...others, { name, subnets: [...subnets, ...nodes], routes }];
}

function routeTable({ name, routes }: AzureSurroundings['routeTables'][number]): azure.RouteTable {
  return {
    type: 'Microsoft.Network/routeTables',
    id: idOf('route-table', name),
    name,
    properties: { routes: routes.map(({ name: route, ...properties }) => ({ name: route, properties })) },
  };
}

const isManagedGateway = ({ networkProfile }: ClusterSettings) => networkProfile.outboundType === 'managedNATGateway';
const MANAGED_GATEWAY = 'aks-nat-gateway';

function natGateways(settings: ClusterSettings, { natGateways: declared }: AzureSurroundings): azure.NatGateway[] {
  const gateway = (name: string, addresses: readonly string[], idleTimeoutInMinutes = 4): azure.NatGateway => ({
    type: 'Microsoft.Network/natGateways',
    id: idOf('nat-gateway', name),
    name,
    sku: { name: 'Standard' },
    properties: {
      idleTimeoutInMinutes,
      publicIpAddresses: addresses.map((address) => ({ id: idOf('public-ip', address) })),
    },
  });
  const { natGatewayProfile } = settings.networkProfile;
  const managed = gateway(MANAGED_GATEWAY, [MANAGED_GATEWAY], natGatewayProfile?.idleTimeoutInMinutes);
  return [
    ...(isManagedGateway(settings) ? [managed] : []),
    ...declared.map(({ name, publicIpAddresses, idleTimeoutInMinutes }) =>
      gateway(name, publicIpAddresses, idleTimeoutInMinutes),
    ),
  ];
}

/** Addresses by the name of what has them, or by themselves where the script gives them. */
function publicAddresses(settings: ClusterSettings, surroundings: AzureSurroundings): azure.PublicIpAddress[] {
  const address = (name: string, ipAddress?: string): azure.PublicIpAddress => ({
    type: 'Microsoft.Network/publicIPAddresses',
    id: idOf('public-ip', name),
    name,
    sku: { name: 'Standard' },
    properties: {
      publicIPAddressVersion: 'IPv4',
      publicIPAllocationMethod: 'Static',
      ...(ipAddress === undefined ? {} : { ipAddress }),
    },
  });
  const given = [
    ...surroundings.natGateways.flatMap(({ publicIpAddresses }) => publicIpAddresses),
    ...surroundings.virtualMachines.flatMap(({ publicIPAddress }) => publicIPAddress ?? []),
  ];
  return [
    ...outboundAddressNames(settings).map((name) => address(name)),
    ...(isManagedGateway(settings) ? [address(MANAGED_GATEWAY)] : []),
    ...given.map((text) => address(text, text)),
  ];
}

function networks(settings: ClusterSettings, surroundings: AzureSurroundings): azure.VirtualNetwork[] {
  const own: NetworkSurroundings = { name: CLUSTER_NETWORK, ...settings.virtualNetwork };
  const managed = isManagedGateway(settings) ? settings.agentPoolProfiles.map(({ vnetSubnet }) => vnetSubnet) : [];
  const gateways = [...surroundings.natGateways, { name: MANAGED_GATEWAY, subnets: managed }];
  const tables = routeTables(settings, surroundings);
  return [own, ...surroundings.virtualNetworks].map(({ name, addressPrefixes, subnets }) => {
    const isIn = (texts: readonly string[], subnet: string) =>
      texts.some((text) => subnetId(text) === subnetId(`${name}/${subnet}`));
    const reference = (
      type: azure.ResourceName,
      users: readonly { name: string; subnets: readonly string[] }[],
      subnet: string,
    ) => {
      const user = users.find((candidate) => isIn(candidate.subnets, subnet));
      return user && { id: idOf(type, user.name) };
    };
    return {
      type: 'Microsoft.Network/virtualNetworks',
      id: idOf('vnet', name),
      name,
      properties: {
        addressSpace: { addressPrefixes },
        subnets: subnets.map(({ name: subnet, addressPrefix, ipv6AddressPrefix }) => ({
          name: subnet,
          properties: {
            ...(ipv6AddressPrefix === undefined
              ? { addressPrefix }
              : { addressPrefixes: [addressPrefix, ipv6AddressPrefix] }),
            ...named('networkSecurityGroup', reference('nsg', surroundings.networkSecurityGroups, subnet)),
            ...named('routeTable', reference('route-table', tables, subnet)),
            ...named('natGateway', reference('nat-gateway', gateways, subnet)),
          },
        })),
        virtualNetworkPeerings: surroundings.virtualNetworkPeerings
          .filter(({ from }) => from === name)
          .map(({ from: _, to, ...options }) => ({
            name: `${name}-to-${to}`,
            properties: { remoteVirtualNetwork: { id: idOf('vnet', to) }, ...options },
          })),
      },
    };
  });
}

function named<V>(name: string, value: V | undefined): { readonly [name: string]: V } {
  return value === undefined ? {} : { [name]: value };
}

function site({ name, addressPrefixes, virtualNetwork, gatewayType }: AzureSurroundings['sites'][number]) {
  const gatewayId = idOf('vnet-gateway', `${name}-gateway`);
  const localId = idOf('local-gateway', name);
  const resources: readonly azure.AzureResource[] = [
    {
      type: 'Microsoft.Network/virtualNetworkGateways',
      id: gatewayId,
      name: `${name}-gateway`,
      properties: {
        gatewayType,
        ipConfigurations: [
          { name: 'default', properties: { subnet: { id: subnetId(`${virtualNetwork}/GatewaySubnet`) } } },
        ],
      },
    },
    {
      type: 'Microsoft.Network/localNetworkGateways',
      id: localId,
      name,
      properties: { localNetworkAddressSpace: { addressPrefixes } },
    },
    {
      type: 'Microsoft.Network/connections',
      id: idOf('vpn-connection', name),
      name,
      properties: {
        connectionType: gatewayType === 'Vpn' ? 'IPsec' : 'ExpressRoute',
        virtualNetworkGateway1: { id: gatewayId },
        localNetworkGateway2: { id: localId },
        connectionStatus: 'Connected',
      },
    },
  ];
  return resources;
}

function machineInterface(machine: AzureSurroundings['virtualMachines'][number]): azure.NetworkInterface {
  const { name, subnet, privateIPAddress, publicIPAddress, appliance = false } = machine;
  return {
    type: 'Microsoft.Network/networkInterfaces',
    id: idOf('nic', name),
    name,
    properties: {
      enableIPForwarding: appliance,
      ipConfigurations: [
        {
          name: 'ipconfig1',
          properties: {
            primary: true,
            subnet: { id: subnetId(subnet) },
            privateIPAddress,
            ...(publicIPAddress === undefined ? {} : { publicIPAddress: { id: idOf('public-ip', publicIPAddress) } }),
          },
        },
      ],
    },
  };
}

/** The interface of a node, which it has as long as it is there. */
export function nodeInterface(node: string, addresses: readonly string[], subnet: string): azure.NetworkInterface {
  return {
    type: 'Microsoft.Network/networkInterfaces',
    id: idOf('nic', node),
    name: node,
    properties: {
      enableIPForwarding: true,
      networkSecurityGroup: { id: NODE_GROUP_ID },
      ipConfigurations: addresses.map((privateIPAddress, i) => ({
        name: `ipconfig${i + 1}`,
        properties: {
          primary: i === 0,
          subnet: { id: subnetId(subnet) },
          privateIPAddress,
          ...(privateIPAddress.includes(':') ? { privateIPAddressVersion: 'IPv6' as const } : {}),
        },
      })),
    },
  };
}

/** The public addresses of the outbound rule. */
function outboundAddressNames({ networkProfile }: ClusterSettings): readonly string[] {
  const { outboundType = 'loadBalancer', loadBalancerProfile = {} } = networkProfile;
  if (outboundType !== 'loadBalancer') return [];
  const { managedOutboundIPs = { count: 1 } } = loadBalancerProfile;
  return Array.from({ length: managedOutboundIPs.count }, (_, i) => `aks-outbound-ip-${i + 1}`);
}

/** https://learn.microsoft.com/azure/aks/load-balancer-standard: an outbound rule over all nodes, idle after 30 minutes. */
function outboundBalancer(settings: ClusterSettings): readonly azure.LoadBalancer[] {
  const names = outboundAddressNames(settings);
  if (names.length === 0) return [];
  const { allocatedOutboundPorts = 0, idleTimeoutInMinutes = 30 } = settings.networkProfile.loadBalancerProfile ?? {};
  const frontendId = (name: string) => azure.subResourceId(LOAD_BALANCER_ID, 'frontendIPConfigurations', name);
  return [
    {
      type: 'Microsoft.Network/loadBalancers',
      id: LOAD_BALANCER_ID,
      name: CLOUD_CLUSTER_NAME,
      location: LOCATION,
      sku: { name: 'Standard' },
      properties: {
        frontendIPConfigurations: names.map((name) => ({
          name,
          properties: { publicIPAddress: { id: idOf('public-ip', name) } },
        })),
        backendAddressPools: [{ name: 'aksOutboundBackendPool', properties: {} }],
        outboundRules: [
          {
            name: 'aksOutboundRule',
            properties: {
              protocol: 'All',
              frontendIPConfigurations: names.map((name) => ({ id: frontendId(name) })),
              backendAddressPool: { id: OUTBOUND_POOL_ID },
              allocatedOutboundPorts,
              idleTimeoutInMinutes,
              enableTcpReset: true,
            },
          },
        ],
      },
    },
  ];
}
