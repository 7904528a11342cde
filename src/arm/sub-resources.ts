/** Which parts of a resource have names of their own, and the ids and etags that ARM gives them. */
import { azure } from '../model/index.ts';

const COLLECTIONS: Readonly<Partial<Record<azure.ResourceName, readonly string[]>>> = {
  lb: [
    'frontendIPConfigurations',
    'backendAddressPools',
    'loadBalancingRules',
    'probes',
    'inboundNatRules',
    'inboundNatPools',
    'outboundRules',
  ],
  vnet: ['subnets', 'virtualNetworkPeerings'],
  nic: ['ipConfigurations'],
  'private-link-service': ['ipConfigurations'],
  nsg: ['securityRules', 'defaultSecurityRules'],
  'route-table': ['routes'],
  'private-dns-zone': ['virtualNetworkLinks', 'recordSets'],
  'vnet-gateway': ['ipConfigurations'],
};

type Part = azure.SubResource<object>;

/** The resource with its etag, and each part with its id. Parts that have theirs already stay the same objects. */
export function identified(name: azure.ResourceName, resource: azure.AzureResource, etag: string): azure.AzureResource {
  const parts: Record<string, readonly Part[]> = {};
  const properties = resource.properties as Readonly<Record<string, readonly Part[] | undefined>>;
  for (const collection of COLLECTIONS[name] ?? []) {
    const members = properties[collection];
    if (members !== undefined) parts[collection] = members.map((part) => identifiedPart(resource.id, collection, part));
  }
  return { ...resource, etag, properties: { ...resource.properties, ...parts } } as azure.AzureResource;
}

function identifiedPart(parent: string, collection: string, part: Part): Part {
  const id = azure.subResourceId(parent, collection, part.name);
  if (part.id === id && part.properties.provisioningState === 'Succeeded') return part;
  return { ...part, id, properties: { ...part.properties, provisioningState: 'Succeeded' } };
}
