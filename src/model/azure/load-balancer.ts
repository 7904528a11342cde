/** Microsoft.Network/loadBalancers: https://learn.microsoft.com/rest/api/load-balancer/load-balancers/get */
import type { Reference, Resource, SubResource } from './resource.ts';

export type IpVersion = 'IPv4' | 'IPv6';
export type AllocationMethod = 'Static' | 'Dynamic';
export type TransportProtocol = 'Tcp' | 'Udp' | 'All';
export type ProbeProtocol = 'Tcp' | 'Http' | 'Https';

export interface FrontendIpConfiguration
  extends SubResource<{
    /** a public frontend has this one, an internal one `subnet` and `privateIPAddress` */
    readonly publicIPAddress?: Reference;
    readonly subnet?: { readonly id?: string; readonly name?: string };
    readonly privateIPAddress?: string;
    readonly privateIPAddressVersion?: IpVersion;
    readonly privateIPAllocationMethod?: AllocationMethod;
  }> {
  readonly zones?: readonly string[];
}

/** A member of a pool by address: `backendPoolType` nodeIP. */
export interface BackendAddress {
  readonly name?: string;
  readonly properties: { readonly ipAddress?: string; readonly virtualNetwork?: Reference };
}

export type BackendAddressPool = SubResource<{
  readonly loadBalancerBackendAddresses?: readonly BackendAddress[];
  readonly virtualNetwork?: Reference;
  /** members by NIC: ARM derives it from the NICs, which are what one writes */
  readonly backendIPConfigurations?: readonly Reference[];
}>;

export type LoadBalancingRule = SubResource<{
  readonly protocol?: TransportProtocol;
  readonly frontendIPConfiguration?: Reference;
  readonly backendAddressPool?: Reference;
  readonly probe?: Reference;
  /** Default hashes the five-tuple, SourceIP source and destination address, SourceIPProtocol these and the protocol */
  readonly loadDistribution?: 'Default' | 'SourceIP' | 'SourceIPProtocol';
  /** 0 together with protocol All: every port ("HA ports") */
  readonly frontendPort?: number;
  readonly backendPort?: number;
  readonly idleTimeoutInMinutes?: number;
  readonly enableFloatingIP?: boolean;
  readonly enableTcpReset?: boolean;
  readonly disableOutboundSnat?: boolean;
}>;

export type Probe = SubResource<{
  readonly protocol?: ProbeProtocol;
  readonly port?: number;
  readonly requestPath?: string;
  readonly intervalInSeconds?: number;
  readonly numberOfProbes?: number;
  readonly probeThreshold?: number;
  /** the rules that use it: ARM derives it */
  readonly loadBalancingRules?: readonly Reference[];
}>;

export type InboundNatRule = SubResource<{
  readonly protocol?: TransportProtocol;
  readonly frontendIPConfiguration?: Reference;
  readonly frontendPort?: number;
  readonly backendPort?: number;
  readonly backendIPConfiguration?: Reference;
}>;

export type InboundNatPool = SubResource<{
  readonly protocol?: TransportProtocol;
  readonly frontendIPConfiguration?: Reference;
  readonly frontendPortRangeStart?: number;
  readonly frontendPortRangeEnd?: number;
  readonly backendPort?: number;
}>;

export type OutboundRule = SubResource<{
  readonly protocol?: TransportProtocol;
  readonly frontendIPConfigurations?: readonly Reference[];
  readonly backendAddressPool?: Reference;
  /** ports of each backend instance; 0 means by the size of the pool */
  readonly allocatedOutboundPorts?: number;
  readonly idleTimeoutInMinutes?: number;
  readonly enableTcpReset?: boolean;
}>;

export interface LoadBalancer
  extends Resource<
    'Microsoft.Network/loadBalancers',
    {
      readonly frontendIPConfigurations?: readonly FrontendIpConfiguration[];
      readonly backendAddressPools?: readonly BackendAddressPool[];
      readonly loadBalancingRules?: readonly LoadBalancingRule[];
      readonly probes?: readonly Probe[];
      readonly inboundNatRules?: readonly InboundNatRule[];
      readonly inboundNatPools?: readonly InboundNatPool[];
      readonly outboundRules?: readonly OutboundRule[];
    }
  > {
  readonly sku?: { readonly name: 'Basic' | 'Standard' };
}
