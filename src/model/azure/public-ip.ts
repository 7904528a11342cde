/** Addresses on the internet, and gateways that share them: https://learn.microsoft.com/rest/api/virtualnetwork/public-ip-addresses/get */
import type { AllocationMethod, IpVersion } from './load-balancer.ts';
import type { Reference, Resource } from './resource.ts';

export interface IpTag {
  readonly ipTagType?: string;
  readonly tag?: string;
}

export interface PublicIpAddress
  extends Resource<
    'Microsoft.Network/publicIPAddresses',
    {
      readonly publicIPAddressVersion?: IpVersion;
      readonly publicIPAllocationMethod?: AllocationMethod;
      /** assigned by ARM when the address has been made */
      readonly ipAddress?: string;
      readonly idleTimeoutInMinutes?: number;
      readonly dnsSettings?: { readonly domainNameLabel?: string; readonly fqdn?: string };
      readonly ipTags?: readonly IpTag[];
      readonly publicIPPrefix?: Reference;
      /** what uses it: ARM derives it */
      readonly ipConfiguration?: Reference;
      readonly natGateway?: Reference;
    }
  > {
  readonly sku?: { readonly name: 'Basic' | 'Standard' };
  readonly zones?: readonly string[];
}

export interface NatGateway
  extends Resource<
    'Microsoft.Network/natGateways',
    {
      readonly idleTimeoutInMinutes?: number;
      readonly publicIpAddresses?: readonly Reference[];
      /** the subnets that use it: ARM derives it from them */
      readonly subnets?: readonly Reference[];
    }
  > {
  readonly sku?: { readonly name: 'Standard' | 'StandardV2' };
}
