/**
 * IPVS' hashing schedulers: tables whose buckets are shared out among real servers, and the bucket of a packet.
 * Sources: net/netfilter/ipvs/ip_vs_sh.c, ip_vs_dh.c, ip_vs_mh.c of Linux 6.x; for mh: Eisenbud et al., "Maglev", 3.4.
 */
import { numberOfAddress, type RealServer, wordsOfIpv6 } from '../../dataplane/index.ts';
import type { Address } from '../../model/index.ts';
import { type HashKey, halfSiphash } from './half-siphash.ts';

/** A bucket holds a position in the list of real servers. */
export type HashTable = readonly number[];

const HASH_BITS = 8;
const HASH_BUCKETS = 2 ** HASH_BITS;
const GOLDEN_RATIO = 0x61c88647;
/** CONFIG_IP_VS_MH_TAB_INDEX is 12 unless the kernel was built otherwise */
const MAGLEV_BUCKETS = 4093;
/** the same on every machine (generate_hash_secret) */
const MAGLEV_KEYS: readonly [HashKey, HashKey] = [
  [2_654_435_761n, 2_654_435_761n],
  [2_654_446_892n, 2_654_446_892n],
];

/** An address as one word; IPv6 is folded. */
function foldedWord(address: Address): number {
  const number = numberOfAddress(address);
  if (typeof address === 'number') return number >>> 0;
  return wordsOfIpv6(number).reduce((folded, word) => folded ^ word, 0) >>> 0;
}

/** sh, dh: which bucket an address and port fall into; dh and sh without its port flag take 0 for the port. */
export function hashBucket(address: Address, port: number): number {
  return Math.imul((foldedWord(address) + port) | 0, GOLDEN_RATIO) >>> (32 - HASH_BITS);
}

/** mh: the same for its own table. */
export function maglevBucket(address: Address, port: number): number {
  return maglevHash(address, port, MAGLEV_KEYS[0]) % MAGLEV_BUCKETS;
}

function maglevHash(address: Address, port: number, key: HashKey): number {
  return halfSiphash((foldedWord(address) + port) >>> 0, key);
}

/** dh: buckets go round in the order of the list. */
export function destinationHashTable(servers: readonly RealServer[]): HashTable {
  if (servers.length === 0) return [];
  return Array.from({ length: HASH_BUCKETS }, (_, i) => i % servers.length);
}

/** sh: as many buckets in a row as a server has weight; one without weight has a bucket too, and takes nothing there. */
export function sourceHashTable(servers: readonly RealServer[]): HashTable {
  if (servers.length === 0) return [];
  const table: number[] = [];
  for (let at = 0, filled = 0; table.length < HASH_BUCKETS; ) {
    table.push(at);
    if (++filled < servers[at]!.weight) continue;
    at = (at + 1) % servers.length;
    filled = 0;
  }
  return table;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

interface Permutation {
  /** how many buckets it takes when it is its turn */
  readonly turns: number;
  readonly skip: number;
  at: number;
}

function permutationOf({ address, port, weight }: RealServer, divisor: number): Permutation {
  return {
    turns: weight / divisor,
    skip: (maglevHash(address, port, MAGLEV_KEYS[1]) % (MAGLEV_BUCKETS - 1)) + 1,
    at: maglevHash(address, port, MAGLEV_KEYS[0]) % MAGLEV_BUCKETS,
  };
}

/** A server whose weight was taken keeps the buckets it had, and takes nothing there: kube-proxy's weights were all 1. */
function withLastWeight(server: RealServer): RealServer {
  return server.weight === 0 ? { ...server, weight: 1 } : server;
}

/**
 * mh: servers in turn take the next free bucket of their own permutation. Weights are taken as they are: the kernel scales
 * down those that are too large for its table, which kube-proxy's never are.
 */
export function maglevTable(realServers: readonly RealServer[]): HashTable {
  if (realServers.length === 0) return [];
  const servers = realServers.map(withLastWeight);
  const divisor = servers.reduce((found, { weight }) => greatestCommonDivisor(found, weight), 0);
  const permutations = servers.map((server) => permutationOf(server, divisor));
  const table = new Array<number>(MAGLEV_BUCKETS).fill(-1);
  for (let taken = 0; ; )
    for (const [server, permutation] of permutations.entries())
      for (let turn = 0; turn < permutation.turns; turn++) {
        while (table[permutation.at] !== -1) permutation.at = (permutation.at + permutation.skip) % MAGLEV_BUCKETS;
        table[permutation.at] = server;
        if (++taken === MAGLEV_BUCKETS) return table;
      }
}
