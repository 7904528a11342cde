/**
 * The rules of addresses and CIDRs in objects, with their texts: what is wrong, nothing where all is well.
 * Sources: k8s.io/apimachinery/pkg/util/validation/ip.go, kubernetes pkg/apis/core/validation `ValidateNonSpecialIP`.
 */
import { type Address, cidrOf, contains, parseAddress } from '../model/index.ts';

const NO_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** The text without the leading zeros of its octets, which Go's older parser ignored and its newer one refuses. */
function withoutLeadingZeros(text: string): string {
  return text.replace(/(^|[.:])0+(?=\d)(?=[\d.]*$)/g, '$1');
}

/** For any address field that predates the strict rules. */
export function ipFindings(text: string): readonly string[] {
  const address = parseAddress(text);
  if (address === undefined) {
    return parseAddress(withoutLeadingZeros(text)) === undefined ? [NO_IP] : ['must not have leading 0s'];
  }
  const mapped = typeof address === 'number' && text.includes(':');
  return mapped ? ['must not be an IPv4-mapped IPv6 address'] : FINE;
}

export function cidrFindings(text: string): readonly string[] {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseAddress(withoutLeadingZeros(text.slice(0, slash)));
  const length = text.slice(slash + 1);
  const longest = typeof ip === 'number' ? 32 : 128;
  if (ip === undefined || !/^\d+$/.test(length) || Number(length) > longest) return [NO_CIDR];
  if (parseAddress(text.slice(0, slash)) === undefined || (length.length > 1 && length.startsWith('0')))
    return ['must not have leading 0s in IP or prefix length'];
  return cidrOf(text).network === ip ? [] : ['must not have bits set beyond the prefix length'];
}

const SPECIAL_RANGES: readonly (readonly [what: string, ranges: readonly string[]])[] = [
  ['may not be in the loopback range (127.0.0.0/8, ::1/128)', ['127.0.0.0/8', '::1/128']],
  ['may not be in the link-local range (169.254.0.0/16, fe80::/10)', ['169.254.0.0/16', 'fe80::/10']],
  ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)', ['224.0.0.0/24', 'ff02::/16']],
];

const SPECIAL_CIDRS = SPECIAL_RANGES.flatMap(([what, ranges]) =>
  ranges.map((range) => ({ what, cidr: cidrOf(range) })),
);
const FINE: readonly string[] = [];

/** For addresses that traffic is sent to. */
export function endpointIpFindings(text: string): readonly string[] {
  const address = parseAddress(text);
  if (address === undefined) return ['must be a valid IP address'];
  // Special ranges are far from each other, and hold no unspecified address: one finding at most.
  if (isUnspecified(address)) return [`may not be unspecified (${text})`];
  for (const { what, cidr } of SPECIAL_CIDRS) if (contains(cidr, address)) return [what];
  return FINE;
}

function isUnspecified(address: Address): boolean {
  return address === 0 || address === '::';
}
