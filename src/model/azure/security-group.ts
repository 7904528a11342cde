/** Microsoft.Network/networkSecurityGroups: https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get */
import type { Reference, Resource, SubResource } from './resource.ts';

export type SecurityProtocol = 'Tcp' | 'Udp' | 'Icmp' | 'Esp' | 'Ah' | '*';

/** Each side is one prefix, or a list of them, or application security groups; a prefix may be a service tag or `*`. */
export type SecurityRule = SubResource<{
  readonly description?: string;
  readonly protocol: SecurityProtocol;
  readonly sourceAddressPrefix?: string;
  readonly sourceAddressPrefixes?: readonly string[];
  readonly sourceApplicationSecurityGroups?: readonly Reference[];
  readonly sourcePortRange?: string;
  readonly sourcePortRanges?: readonly string[];
  readonly destinationAddressPrefix?: string;
  readonly destinationAddressPrefixes?: readonly string[];
  readonly destinationApplicationSecurityGroups?: readonly Reference[];
  readonly destinationPortRange?: string;
  readonly destinationPortRanges?: readonly string[];
  readonly access: 'Allow' | 'Deny';
  /** 100 to 4096, unique within a direction; the lowest that matches decides */
  readonly priority: number;
  readonly direction: 'Inbound' | 'Outbound';
}>;

export type NetworkSecurityGroup = Resource<
  'Microsoft.Network/networkSecurityGroups',
  {
    readonly securityRules?: readonly SecurityRule[];
    /** the rules that every group ends in (priority 65000 and up): ARM adds them */
    readonly defaultSecurityRules?: readonly SecurityRule[];
    readonly subnets?: readonly Reference[];
    readonly networkInterfaces?: readonly Reference[];
  }
>;
