/**
 * The addresses of one Service CIDR. The network's address is never handed out, nor is an IPv4 broadcast address.
 * Source: kubernetes pkg/registry/core/service/ipallocator/ipallocator.go and cidrallocator.go.
 */
import {
  type Cidr,
  cidrOf,
  contains,
  type Dice,
  formatAddress,
  formatCidr,
  parseAddress,
  sizeOf,
} from '../../model/index.ts';
import { BandedAllocator, lowerBand } from './allocator.ts';

const BAND_LEAST = 16;
const BAND_MOST = 256;
const BAND_STEP = 16;
const HEXTETS = 8;

/**
 * A longer IPv6 range is used up to here: 2^20 addresses, the most that `--service-cluster-ip-range` allowed before
 * ServiceCIDR objects did away with the limit.
 */
const IPV6_SIZE_MAX = 2 ** 20;

export type IpFamily = 'IPv4' | 'IPv6';
export type TakeIpFailure = 'already-allocated' | 'not-in-range';

export class ClusterIpAllocator {
  readonly family: IpFamily;
  readonly cidr: string;
  readonly #range: Cidr;
  readonly #size: number;
  readonly #offsets: BandedAllocator;

  constructor(cidr: string) {
    this.#range = cidrOf(cidr);
    this.cidr = formatCidr(this.#range);
    this.family = this.#range.family === 4 ? 'IPv4' : 'IPv6';
    const addresses = sizeOf(this.#range);
    const size = this.#range.family === 4 ? addresses - 2 : Math.min(addresses, IPV6_SIZE_MAX) - 1;
    this.#size = Math.max(0, size);
    this.#offsets = new BandedAllocator(this.#size, lowerBand(addresses, BAND_LEAST, BAND_MOST, BAND_STEP));
  }

  get taken(): number {
    return this.#offsets.taken;
  }

  get network(): string {
    return formatAddress(this.#range.network);
  }

  /** the first address that can be handed out: it belongs to default/kubernetes */
  get first(): string {
    return this.#addressAt(0);
  }

  /** Takes the address that `text` spells. */
  take(text: string): TakeIpFailure | undefined {
    const offset = this.#offsetOf(text);
    if (offset === undefined) return 'not-in-range';
    return this.#offsets.take(offset) ? undefined : 'already-allocated';
  }

  /** Takes any free address; undefined where there is none. */
  takeNext(dice: Dice): string | undefined {
    const offset = this.#offsets.takeNext(dice);
    return offset === undefined ? undefined : this.#addressAt(offset);
  }

  release(text: string): void {
    const offset = this.#offsetOf(text);
    if (offset !== undefined) this.#offsets.release(offset);
  }

  #offsetOf(text: string): number | undefined {
    const address = parseAddress(text);
    if (address === undefined || !contains(this.#range, address)) return undefined;
    const { network } = this.#range;
    const offset =
      typeof address === 'number'
        ? address - (network as number) - 1
        : Number(bigIntOf(address) - bigIntOf(network as string)) - 1;
    return offset >= 0 && offset < this.#size ? offset : undefined;
  }

  #addressAt(offset: number): string {
    const { network } = this.#range;
    if (typeof network === 'number') return formatAddress(network + offset + 1);
    return formatIpv6(bigIntOf(network) + BigInt(offset) + 1n);
  }
}

/** The number that a canonical IPv6 text spells: `::` stands for as many zeros as are missing. */
function bigIntOf(address: string): bigint {
  const [head = '', tail = ''] = address.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = new Array<string>(HEXTETS - left.length - right.length).fill('0');
  const hextets = [...left, ...zeros, ...right];
  return BigInt(`0x${hextets.map((hextet) => hextet.padStart(4, '0')).join('')}`);
}

function formatIpv6(value: bigint): string {
  const digits = value.toString(16).padStart(32, '0');
  return formatAddress(parseAddress(digits.match(/.{4}/g)!.join(':'))!);
}
