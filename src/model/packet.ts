/** A packet as the emulated network carries it: a five-tuple, what TCP or ICMP says, and an application's message. */
import type { Address } from './address.ts';
import type { DnsMessage } from './dns.ts';
import type { Protocol } from './kubernetes.ts';

/** IP protocol numbers (IANA). */
export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;
export const ICMP = 1;
export const ICMPV6 = 58;
export type ProtocolNumber = typeof TCP | typeof UDP | typeof SCTP | typeof ICMP | typeof ICMPV6;

export const PROTOCOL_NUMBERS: { readonly [P in Protocol]: ProtocolNumber } = { TCP, UDP, SCTP };

/** TCP flags as bits, in the header's order (RFC 9293, 3.1). */
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

export type Payload =
  | { readonly kind: 'dns'; readonly message: DnsMessage }
  | { readonly kind: 'http-request'; readonly method: string; readonly host: string; readonly path: string }
  | { readonly kind: 'http-response'; readonly status: number; readonly body: string }
  | { readonly kind: 'icmp-error'; readonly type: IcmpError; readonly about: FiveTuple };

export type IcmpError =
  | 'port-unreachable'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'admin-prohibited'
  | 'time-exceeded';

export interface FiveTuple {
  readonly protocol: ProtocolNumber;
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}

export interface Packet extends FiveTuple {
  /** TCP flags; of SCTP, SYN | ACK for an INIT-ACK and RST for an ABORT; 0 for other packets */
  readonly flags: number;
  readonly ttl: number;
  readonly payload?: Payload;
}
