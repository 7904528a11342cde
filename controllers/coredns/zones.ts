/** Zone names: normal form, which of several a name lies in, and the reverse zones of a CIDR. Source: CoreDNS plugin/normalize.go. */
import { type Address, addressBytesOf, parseCidr } from '../../src/model/index.ts';
import { CorefileError } from './corefile/error.ts';
import type { Token } from './corefile/tokens.ts';

/** Lower case with a final dot; the root zone is `.`. */
export function normalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower : `${lower}.`;
}

const DOT = '.'.charCodeAt(0);

/** Whether a normal name is a zone's apex or lies below it. */
export function inZone(name: string, zone: string): boolean {
  if (zone === '.' || name === zone) return true;
  const dot = name.length - zone.length - 1;
  // What is no label's end is most of what is asked: comparing texts comes last.
  return dot >= 0 && name.charCodeAt(dot) === DOT && name.endsWith(zone);
}

/** The longest of the zones that a normal name lies in. */
export function zoneOf(name: string, zones: readonly string[]): string | undefined {
  let longest: string | undefined;
  for (const zone of zones) {
    if (inZone(name, zone) && (longest === undefined || zone.length > longest.length)) longest = zone;
  }
  return longest;
}

const LABEL_LENGTH_MAX = 63;
const NAME_LENGTH_MAX = 255;

/** Whether text can stand in a question: no empty label, none longer than 63 characters, all together at most 255. */
export function isDomainName(name: string): boolean {
  if (name === '.') return true;
  const labels = name.replace(/\.$/, '').split('.');
  return name.length < NAME_LENGTH_MAX && labels.every((label) => label !== '' && label.length <= LABEL_LENGTH_MAX);
}

export function isReverse(name: string): boolean {
  return name.endsWith('.in-addr.arpa.') || name.endsWith('.ip6.arpa.');
}

const DEFAULT_PORT = 53;
const BITS_PER_LABEL = { 4: 8, 6: 4 } as const;

/** The labels of an address in reverse order: octets for IPv4, nibbles for IPv6. */
function reverseLabels(address: Address): readonly string[] {
  const bytes = addressBytesOf(address);
  const labels = typeof address === 'number' ? bytes : bytes.flatMap((byte) => [byte >>> 4, byte & 15]);
  return labels.map((label) => label.toString(typeof address === 'number' ? 10 : 16)).reverse();
}

/**
 * The reverse zones of a CIDR, one for each value of the label that the prefix ends within:
 * `10.0.0.0/15` is `0.10.in-addr.arpa.` and `1.10.in-addr.arpa.`. Undefined where `text` is no CIDR.
 */
export function reverseZonesOf(text: string): readonly string[] | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) return undefined;
  const bits = BITS_PER_LABEL[cidr.family];
  const suffix = cidr.family === 4 ? 'in-addr.arpa.' : 'ip6.arpa.';
  const labels = reverseLabels(cidr.network);
  const whole = Math.floor(cidr.prefixLength / bits);
  const kept = labels.slice(labels.length - whole);
  const rest = cidr.prefixLength % bits;
  if (rest === 0) return [[...kept, suffix].join('.')];
  const base = cidr.family === 4 ? 10 : 16;
  const first = Number.parseInt(labels[labels.length - whole - 1]!, base);
  return Array.from({ length: 2 ** (bits - rest) }, (_, i) => [(first + i).toString(base), ...kept, suffix].join('.'));
}

const PORT_MAX = 65_535;

/** A server block's key: `example.org:53`, `.`, `dns://10.0.0.0/8:1053`. */
export function serverKeyOf(key: Token): { readonly zones: readonly string[]; readonly port: number } {
  const text = key.text.replace(/^dns:\/\//, '');
  if (text.includes('://'))
    throw new CorefileError(key, `unsupported transport in '${key.text}': only dns:// is served`);
  if (text.endsWith(':')) throw new CorefileError(key, `expecting data after last colon: "${text}"`);
  const written = /:(\d+)$/.exec(text);
  const zone = written === null ? text : text.slice(0, written.index);
  const port = written === null ? DEFAULT_PORT : Number(written[1]);
  if (port > PORT_MAX) throw new CorefileError(key, `address ${port}: invalid port`);
  return { zones: reverseZonesOf(zone) ?? [normalName(zone === '' ? '.' : zone)], port };
}

/** A plugin's zones: its arguments, or the zones of its server block where it has none. */
export function originsOf(names: readonly string[], blockZones: readonly string[]): readonly string[] {
  if (names.length === 0) return blockZones;
  return names.flatMap((name) => reverseZonesOf(name) ?? [normalName(name.replace(/:\d+$/, ''))]);
}
