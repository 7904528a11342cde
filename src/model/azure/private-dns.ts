/** Microsoft.Network/privateDnsZones: https://learn.microsoft.com/rest/api/dns/privatedns */
import type { Reference, Resource, SubResource } from './resource.ts';

export type VirtualNetworkLink = SubResource<{
  readonly virtualNetwork: Reference;
  readonly registrationEnabled?: boolean;
}>;

/** A record set's name is relative to its zone, `@` for the zone itself. */
export type RecordSet = SubResource<{
  readonly ttl?: number;
  readonly aRecords?: readonly { readonly ipv4Address: string }[];
  readonly aaaaRecords?: readonly { readonly ipv6Address: string }[];
  readonly cnameRecord?: { readonly cname: string };
}>;

export type PrivateDnsZone = Resource<
  'Microsoft.Network/privateDnsZones',
  {
    readonly virtualNetworkLinks?: readonly VirtualNetworkLink[];
    readonly recordSets?: readonly RecordSet[];
  }
>;
