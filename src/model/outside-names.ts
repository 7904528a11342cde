/**
 * The names outside of a cluster, as a script declares them: which zones name servers know, and what the zones hold. What is
 * not declared does not exist.
 */
import type { RecordType } from './dns.ts';

export interface OutsideRecord {
  /** relative to its zone, `@` for the zone itself */
  readonly name: string;
  readonly type: RecordType;
  /** seconds */
  readonly ttl: number;
  /** as a zone file writes it; names in it are absolute */
  readonly data: string;
}

export interface OutsideZone {
  readonly name: string;
  readonly records: readonly OutsideRecord[];
}

/** An Azure private DNS zone; only the networks that it is linked to know it. */
export interface PrivateZone extends OutsideZone {
  /** names of virtual networks; the cluster's is `aks-vnet` */
  readonly virtualNetworkLinks: readonly string[];
}

/** A name server of one's own, such as `virtualNetwork.dhcpOptions.dnsServers` may name. */
export interface OutsideServer {
  readonly address: string;
  /** zones that it answers for itself */
  readonly zones: readonly OutsideZone[];
  /** whom it asks for all other names; without it, it refuses them */
  readonly forwardTo?: string;
  /** how long each of its answers takes */
  readonly answersAfterMs?: number;
}

export interface OutsideNames {
  readonly publicZones: readonly OutsideZone[];
  readonly privateDnsZones: readonly PrivateZone[];
  readonly nameServers: readonly OutsideServer[];
}
