/** Packets that are nearly queries: what clients send, with bits flipped, bytes cut, lengths and pointers bent, pieces spliced. */
import { encode, type Packet } from 'dns-packet';
import type { Dice } from '../../src/model/index.ts';

const NAMES = [
  'my-api.default.svc.cluster.local',
  '_http._tcp.my-api.default.svc.cluster.local',
  '10-244-1-20.my-db.default.svc.cluster.local',
  '50.0.96.10.in-addr.arpa',
  'cluster.local',
  'google.com',
  '',
];
const TYPES = ['A', 'AAAA', 'SRV', 'PTR', 'SOA', 'NS', 'TXT', 'AXFR', 'IXFR', 'MX'] as const;
const COOKIE = { code: 10, data: Buffer.from('0123456789abcdef', 'hex') };

function packetOf(name: string, type: (typeof TYPES)[number], extra: Packet): Buffer {
  return encode({ type: 'query', id: 7, flags: 0x0100, questions: [{ name, type, class: 'IN' }], ...extra });
}

const OPT = { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0x8000, options: [COOKIE] } as never;
const SOA = {
  type: 'SOA',
  name: 'cluster.local',
  data: { mname: 'ns.dns.cluster.local', rname: 'hostmaster.cluster.local', serial: 1 },
} as never;

/** Every name with every type: plain, with EDNS, and as an incremental transfer is asked for. */
export const QUERIES: readonly Buffer[] = NAMES.flatMap((name) =>
  TYPES.flatMap((type) => [
    packetOf(name, type, {}),
    packetOf(name, type, { additionals: [OPT] }),
    packetOf(name, type, { authorities: [SOA], additionals: [OPT] }),
  ]),
);

const BYTES_THAT_HURT = [0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xc1, 0xff];

function byteFrom(dice: Dice): number {
  return dice.below(2) === 0 ? BYTES_THAT_HURT[dice.below(BYTES_THAT_HURT.length)]! : dice.below(256);
}

type Mutation = (bytes: Buffer, dice: Dice) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  (bytes, dice) => {
    bytes[dice.below(bytes.length)]! ^= 1 << dice.below(8);
    return bytes;
  },
  (bytes, dice) => {
    bytes[dice.below(bytes.length)] = byteFrom(dice);
    return bytes;
  },
  (bytes, dice) => bytes.subarray(0, dice.below(bytes.length) + 1),
  (bytes, dice) => {
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from([byteFrom(dice), byteFrom(dice)]), bytes.subarray(at)]);
  },
  (bytes, dice) => {
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(4))]);
  },
  // A pointer to anywhere, itself included.
  (bytes, dice) => {
    const at = dice.below(bytes.length);
    bytes[at] = 0xc0;
    if (at + 1 < bytes.length) bytes[at + 1] = dice.below(bytes.length);
    return bytes;
  },
  // Counts of records that are not there.
  (bytes, dice) => {
    if (bytes.length > 11) bytes[5 + 2 * dice.below(4)] = dice.below(4);
    return bytes;
  },
  (bytes, dice) => {
    const other = QUERIES[dice.below(QUERIES.length)]!;
    return Buffer.concat([bytes.subarray(0, dice.below(bytes.length) + 1), other.subarray(dice.below(other.length))]);
  },
];

/** The next packet: one of the queries after one to four mutations. */
export function mutated(dice: Dice): Buffer {
  let bytes = Buffer.from(QUERIES[dice.below(QUERIES.length)]!);
  for (let left = dice.below(4) + 1; left > 0 && bytes.length > 0; left--) {
    bytes = Buffer.from(MUTATIONS[dice.below(MUTATIONS.length)]!(bytes, dice));
  }
  return bytes;
}
