/** The addresses that Azure gives when a write is finished: public ones, and those that a subnet hands out. */
import type { azure } from '../model/index.ts';

/** Where addresses come from. Only the composition root knows what machines and pods have taken. */
export interface AddressSource {
  publicAddress(version: azure.IpVersion): string;
  /** the lowest free address of a subnet, or the one wanted; undefined where there is none */
  take(subnetId: string, version: azure.IpVersion, wanted?: string): string | undefined;
  /** gives back what `before` held and `after` does not */
  release(before: azure.AzureResource, after?: azure.AzureResource): void;
}

/** The resource with the addresses that it lacks. */
export function withAddresses(resource: azure.AzureResource, source: AddressSource): azure.AzureResource {
  switch (resource.type) {
    case 'Microsoft.Network/publicIPAddresses':
      return withPublicAddress(resource, source);
    case 'Microsoft.Network/loadBalancers':
      return withFrontendAddresses(resource, source);
    case 'Microsoft.Network/privateLinkServices':
      return withNatAddresses(resource, source);
    default:
      return resource;
  }
}

function withPublicAddress(resource: azure.PublicIpAddress, source: AddressSource): azure.PublicIpAddress {
  if (resource.properties.ipAddress !== undefined) return resource;
  const ipAddress = source.publicAddress(resource.properties.publicIPAddressVersion ?? 'IPv4');
  return { ...resource, properties: { ...resource.properties, ipAddress } };
}

function withFrontendAddresses(resource: azure.LoadBalancer, source: AddressSource): azure.LoadBalancer {
  const frontends = resource.properties.frontendIPConfigurations ?? [];
  const given = frontends.map((frontend) => withPrivateAddress(frontend, source));
  if (given.every((frontend, i) => frontend === frontends[i])) return resource;
  return { ...resource, properties: { ...resource.properties, frontendIPConfigurations: given } };
}

function withNatAddresses(resource: azure.PrivateLinkService, source: AddressSource): azure.PrivateLinkService {
  const configurations = resource.properties.ipConfigurations ?? [];
  const given = configurations.map((configuration) => withPrivateAddress(configuration, source));
  if (given.every((configuration, i) => configuration === configurations[i])) return resource;
  return { ...resource, properties: { ...resource.properties, ipConfigurations: given } };
}

type InSubnet = azure.SubResource<{
  readonly subnet?: Partial<azure.Reference>;
  readonly privateIPAddress?: string;
  readonly privateIPAddressVersion?: azure.IpVersion;
}>;

function withPrivateAddress<Part extends InSubnet>(part: Part, source: AddressSource): Part {
  const { subnet, privateIPAddress, privateIPAddressVersion = 'IPv4' } = part.properties;
  if (subnet?.id === undefined) return part;
  const address = source.take(subnet.id, privateIPAddressVersion, privateIPAddress);
  if (address === undefined || privateIPAddress !== undefined) return part;
  return { ...part, properties: { ...part.properties, privateIPAddress: address } };
}
