/**
 * What a host's IPVS and IP sets of one family answer a packet. Nothing is listed: an answer is found when a packet asks, and
 * nodes that have it in common share what was found.
 */
import type { Address, Family, ProtocolNumber } from '../../model/index.ts';
import type { IpSetName } from './ip-set.ts';
import type { VirtualServer } from './virtual-server.ts';

/** Nodes with the same object here answer alike at every address but those at which they say that they differ. */
export interface IpvsShared {
  /** the addresses at which answers may differ from those of an earlier one; undefined where that is not known */
  changedSince(earlier: IpvsShared): ReadonlySet<Address> | undefined;
}

export interface IpvsState {
  readonly family: Family;
  /** another number whenever any answer may have changed */
  readonly revision: number;
  readonly shared: IpvsShared;
  /** whether this host answers for the address in its own way */
  differsAt(address: Address): boolean;
  /** whether no virtual server, and no set that `setsAt` tells of, has the address */
  isIdleAt(address: Address): boolean;
  /** whether the host has taken the address for its own */
  hasBound(address: Address): boolean;
  /** undefined where there is no such virtual server */
  server(address: Address, port: number, protocol: ProtocolNumber): VirtualServer | undefined;
  /** the sets of addresses, and of addresses and ports, that hold this: the bits of their numbers */
  setsAt(address: Address, port: number, protocol: ProtocolNumber): number;
  /** whether a set of ports, or one with a third dimension, holds this; `other` is the third dimension */
  holds(set: IpSetName, address: Address, port: number, protocol: ProtocolNumber, other: Address): boolean;
}
