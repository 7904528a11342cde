/** DNS messages, as far as the emulator speaks them (RFC 1035, 3596, 2782, 6891). */
import type { CLASS_NUMBERS, RCODE_NUMBERS } from './dns-numbers.ts';

export type RecordType = 'A' | 'AAAA' | 'SRV' | 'PTR' | 'CNAME' | 'TXT' | 'SOA' | 'NS' | 'MX' | (string & {});

export type Rcode = keyof typeof RCODE_NUMBERS;

export type DnsClass = keyof typeof CLASS_NUMBERS;

export interface DnsQuestion {
  /** with its final dot, spelled as the client spelled it */
  readonly name: string;
  readonly type: RecordType;
  /** IN where it is left out */
  readonly class?: DnsClass;
}

export interface EdnsOption {
  readonly code: number;
  /** in hexadecimal, lower case */
  readonly data: string;
}

/** What the OPT record of a message says. */
export interface Edns {
  /** how many bytes the sender takes in one datagram */
  readonly udpSizeBytes: number;
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export interface DnsRecord {
  readonly name: string;
  readonly type: RecordType;
  readonly ttl: number;
  /** as a zone file writes it: `10.96.0.50`, `0 100 80 my-api.default.svc.cluster.local.` */
  readonly data: string;
  /** IN where it is not given */
  readonly class?: DnsClass;
}

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly question: DnsQuestion;
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  /** header bits that are not set where they are not given */
  readonly recursionDesired?: boolean;
  readonly recursionAvailable?: boolean;
  readonly authenticData?: boolean;
  readonly checkingDisabled?: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** without the OPT record, which is `edns` */
  readonly additionals: readonly DnsRecord[];
  /** undefined where the message has no OPT record */
  readonly edns?: Edns | undefined;
}
