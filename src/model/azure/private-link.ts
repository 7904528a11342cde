/** Microsoft.Network/privateLinkServices: https://learn.microsoft.com/rest/api/virtualnetwork/private-link-services/get */
import type { AllocationMethod, IpVersion } from './load-balancer.ts';
import type { Reference, Resource, SubResource } from './resource.ts';

/** An address from which what comes through the link reaches the load balancer. */
export type PrivateLinkIpConfiguration = SubResource<{
  readonly privateIPAddress?: string;
  readonly privateIPAllocationMethod: AllocationMethod;
  readonly privateIPAddressVersion: IpVersion;
  readonly subnet: Reference;
  readonly primary: boolean;
}>;

interface Subscriptions {
  readonly subscriptions: readonly string[];
}

export type PrivateLinkService = Resource<
  'Microsoft.Network/privateLinkServices',
  {
    readonly loadBalancerFrontendIpConfigurations?: readonly Reference[];
    readonly ipConfigurations?: readonly PrivateLinkIpConfiguration[];
    readonly enableProxyProtocol?: boolean;
    readonly fqdns?: readonly string[];
    readonly visibility?: Subscriptions;
    readonly autoApproval?: Subscriptions;
  }
>;
