/**
 * IP sets: what `-m set --match-set NAME dst,dst` asks. Only the types that kube-proxy makes.
 * Names, meanings and the text of entries: ipset(8).
 */
import {
  type Address,
  type Cidr,
  type Family,
  formatAddress,
  formatCidr,
  type ProtocolNumber,
} from '../../model/index.ts';
import { protocolName } from '../iptables/index.ts';

export type IpSetType = 'hash:ip' | 'hash:ip,port' | 'hash:ip,port,ip' | 'hash:ip,port,net' | 'bitmap:port';

/** An element; which fields it has is decided by the type of its set. */
export type IpSetEntry =
  | { readonly type: 'hash:ip'; readonly address: Address }
  | {
      readonly type: 'hash:ip,port';
      readonly address: Address;
      readonly protocol: ProtocolNumber;
      readonly port: number;
    }
  | {
      readonly type: 'hash:ip,port,ip';
      readonly address: Address;
      readonly protocol: ProtocolNumber;
      readonly port: number;
      readonly other: Address;
    }
  | {
      readonly type: 'hash:ip,port,net';
      readonly address: Address;
      readonly protocol: ProtocolNumber;
      readonly port: number;
      readonly range: Cidr;
    }
  | { readonly type: 'bitmap:port'; readonly port: number };

/** A set as rules name it. What it holds differs from host to host. */
export interface IpSetName {
  readonly name: string;
  readonly type: IpSetType;
  readonly family: Family;
  /** 0 to 30, another for each set of a host: its bit where several sets are answered for at once */
  readonly number: number;
}

export interface IpSet extends IpSetName {
  /** by their text */
  readonly entries: ReadonlyMap<string, IpSetEntry>;
}

/** An element as `ipset add` takes it and `ipset list` prints it: `10.96.0.1,tcp:443`. */
export function ipSetEntryText(entry: IpSetEntry): string {
  switch (entry.type) {
    case 'hash:ip':
      return formatAddress(entry.address);
    case 'hash:ip,port':
      return portText(entry);
    case 'hash:ip,port,ip':
      return `${portText(entry)},${formatAddress(entry.other)}`;
    case 'hash:ip,port,net':
      return `${portText(entry)},${formatCidr(entry.range)}`;
    case 'bitmap:port':
      return `${entry.port}`;
    default:
      return entry satisfies never;
  }
}

interface PortEntry {
  readonly address: Address;
  readonly protocol: ProtocolNumber;
  readonly port: number;
}

function portText({ address, protocol, port }: PortEntry): string {
  return `${formatAddress(address)},${protocolName(protocol)}:${port}`;
}

/** A rule's match on a set: each dimension of the set's elements is taken from the packet's source or its destination. */
export interface SetMatch {
  readonly match: 'set';
  /** of the host whose rules these are: `IpvsState` tells what it holds there */
  readonly set: IpSetName;
  readonly sides: readonly ('src' | 'dst')[];
}

/** `-m ipvs`: the packet belongs to a connection of this virtual server (xt_ipvs). */
export interface IpvsMatch extends PortEntry {
  readonly match: 'ipvs';
}

/** `-m physdev --physdev-is-in`: it came in by a port of a bridge (xt_physdev). */
export interface PhysicalDeviceMatch {
  readonly match: 'physdev';
  readonly inverted: boolean;
}
