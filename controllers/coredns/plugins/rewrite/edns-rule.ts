/**
 * `edns0`: options of the query are set, replaced, added or left out. Does not show in what a cluster answers, only in what
 * goes on to a server outside and in the options that the reply repeats.
 *
 * Source: CoreDNS plugin/rewrite/{edns0,wire}.go; option codes: RFC 6891, 7871 (client subnet), 5001 (NSID).
 */
import {
  type Address,
  addressBytesOf,
  type Edns,
  type EdnsOption,
  familyOf,
  RECORD_TYPE_NUMBERS,
} from '../../../../src/model/index.ts';
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { RuleError } from './match.ts';
import type { ResponseRule } from './response-rule.ts';
import type { Rewritten } from './rule.ts';

type Action = 'set' | 'replace' | 'append' | 'unset';

export type EdnsRule = { readonly action: Action; readonly revert: boolean } & (
  | { readonly kind: 'edns0 local'; readonly code: number; readonly data: string }
  | { readonly kind: 'edns0 local variable'; readonly code: number; readonly variable: string }
  | { readonly kind: 'edns0 nsid'; readonly code: typeof NSID }
  | {
      readonly kind: 'edns0 subnet';
      readonly code: typeof SUBNET;
      readonly bits: { readonly 4: number; readonly 6: number };
    }
);

const NSID = 3;
const SUBNET = 8;
/** Codes that have a meaning of their own: a local option is any other. */
const KNOWN_CODES: ReadonlySet<number> = new Set([1, 2, NSID, 4, 5, 6, 7, SUBNET, 9, 10, 11, 12, 15, 18, 19]);
/** What a query says of the size of replies where a rule is the first to give it options. */
const UDP_SIZE_BYTES = 4096;

const VARIABLES = new Set(['qname', 'qtype', 'client_ip', 'client_port', 'protocol', 'server_ip', 'server_port']);

/** As `strconv.ParseUint` reads it with any base. */
function numberOf(text: string, most: number): number {
  const plain = /^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text;
  const value = /^(0x[\da-f]+|0o[0-7]+|0b[01]+|\d+)$/i.test(plain) ? Number(plain) : Number.NaN;
  if (!(value <= most)) throw new RuleError(`strconv.ParseUint: parsing "${text}": invalid syntax`);
  return value;
}

function hexOf(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Text as it is, or hexadecimal after `0x`. */
function dataOf(text: string): string {
  if (!text.startsWith('0x')) return hexOf(text);
  if (!/^0x([\da-f]{2})*$/i.test(text)) throw new RuleError(`encoding/hex: invalid data: ${text}`);
  return text.slice(2).toLowerCase();
}

function readLocal(action: Action, revert: boolean, words: readonly string[]): EdnsRule {
  const least = action === 'unset' ? 1 : 2;
  if (words.length !== least) {
    const wanted = least === 1 ? 'exactly two arguments' : 'three or four args';
    throw new RuleError(`EDNS0 local ${action} rules require ${wanted}`);
  }
  const [codeText, data = ''] = words;
  const variable = /^\{(.*)\}$/s.exec(data)?.[1];
  const code = numberOf(codeText!, 0xffff);
  if (variable === undefined) return { kind: 'edns0 local', action, revert, code, data: dataOf(data) };
  // A label of the metadata plugin has a slash inside; whether anyone sets it shows with each query.
  if (!VARIABLES.has(variable) && !/^[^/]+\/.+$/s.test(variable)) {
    throw new RuleError(`unsupported variable name "${data}"`);
  }
  return { kind: 'edns0 local variable', action, revert, code, variable };
}

function readSubnet(action: Action, revert: boolean, words: readonly string[]): EdnsRule {
  const unset = action === 'unset';
  if (words.length !== (unset ? 0 : 2)) {
    throw new RuleError(
      `EDNS0 subnet ${action} rules require ${unset ? 'exactly one argument' : 'three or four args'}`,
    );
  }
  const bits = { 4: numberOf(words[0] ?? '0', 32), 6: numberOf(words[1] ?? '0', 128) };
  return { kind: 'edns0 subnet', action, revert, code: SUBNET, bits };
}

/** `local|nsid|subnet set|replace|append|unset … [revert]` */
export function readEdnsRule(words: readonly string[]): EdnsRule {
  if (words.length < 2) throw new RuleError('too few arguments for an EDNS0 rule');
  const [kind, action] = [words[0]!.toLowerCase(), words[1]!.toLowerCase()];
  if (action !== 'set' && action !== 'replace' && action !== 'append' && action !== 'unset') {
    throw new RuleError(`invalid action: "${action}"`);
  }
  const revert = action !== 'unset' && words.at(-1) === 'revert';
  const rest = words.slice(2, revert ? -1 : undefined);
  if (kind === 'local') return readLocal(action, revert, rest);
  if (kind === 'subnet') return readSubnet(action, revert, rest);
  if (kind !== 'nsid') throw new RuleError(`invalid rule type "${kind}"`);
  if (rest.length > 0) throw new RuleError('EDNS0 NSID rules can accept no more than one arg');
  return { kind: 'edns0 nsid', action, revert, code: NSID };
}

function bytesHex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function uint16Hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}

/** The client's network: family, prefix length, scope, and as many bytes of the address as the prefix takes. */
function subnetOf(client: Address, bits: number): string {
  const family = familyOf(client) === 4 ? 1 : 2;
  const bytes = addressBytesOf(client).slice(0, Math.ceil(bits / 8));
  const spare = bytes.length * 8 - bits;
  const masked = bytes.map((byte, i) => (i === bytes.length - 1 ? byte & (0xff << spare) & 0xff : byte));
  return `${uint16Hex(family)}${bytesHex([bits, 0, ...masked])}`;
}

/** A variable's bytes in hexadecimal; undefined where this query has none. */
function variableOf(variable: string, request: DnsRequest, context: DnsContext): string | undefined {
  const { client, connection } = context;
  switch (variable) {
    case 'qname':
      return hexOf(request.name);
    case 'qtype':
      return uint16Hex(RECORD_TYPE_NUMBERS.get(request.type) ?? 0);
    case 'client_ip':
      return bytesHex(addressBytesOf(client));
    case 'client_port':
      return connection === undefined ? undefined : uint16Hex(connection.clientPort);
    case 'protocol':
      return hexOf(connection?.protocol ?? 'udp');
    case 'server_ip':
      return connection === undefined || familyOf(connection.server) !== familyOf(client)
        ? undefined
        : bytesHex(addressBytesOf(connection.server));
    case 'server_port':
      return connection === undefined ? undefined : uint16Hex(connection.serverPort);
    default: {
      const value = request.metadata?.(variable) ?? '';
      return value === '' ? undefined : hexOf(value);
    }
  }
}

/** What the option is to hold; undefined where this query has no such value, and the rule is not about it. */
function optionDataOf(rule: EdnsRule, request: DnsRequest, context: DnsContext): string | undefined {
  switch (rule.kind) {
    case 'edns0 local':
      return rule.data;
    case 'edns0 local variable':
      return variableOf(rule.variable, request, context);
    case 'edns0 nsid':
      return '';
    case 'edns0 subnet':
      return subnetOf(context.client, rule.bits[familyOf(context.client)]);
  }
}

/** Turns the first option of a code back to what the query had, or takes it away where it had none. */
function revertRule(code: number, before: EdnsOption | undefined): ResponseRule {
  return {
    on: 'options',
    change: (options) => {
      const at = options.findIndex((option) => option.code === code);
      return at < 0 ? options : options.toSpliced(at, 1, ...(before === undefined ? [] : [before]));
    },
  };
}

function isRulesOption(rule: EdnsRule, { code }: EdnsOption): boolean {
  if (code !== rule.code) return false;
  return rule.kind === 'edns0 nsid' || rule.kind === 'edns0 subnet' || !KNOWN_CODES.has(code);
}

export function rewriteEdns(rule: EdnsRule, request: DnsRequest, context: DnsContext): Rewritten | undefined {
  const data = optionDataOf(rule, request, context);
  if (data === undefined && rule.action !== 'unset') return undefined;
  const edns: Edns = request.edns ?? { udpSizeBytes: UDP_SIZE_BYTES, dnssecOk: false, options: [] };
  const withOptions = (options: readonly EdnsOption[], applied: boolean, responses: readonly ResponseRule[] = []) => {
    return { request: { ...request, edns: { ...edns, options } }, applied, responses };
  };
  const { options } = edns;
  if (rule.action === 'unset') {
    return withOptions(
      options.filter(({ code }) => code !== rule.code),
      true,
    );
  }
  const option = { code: rule.code, data: data! };
  const at = options.findIndex((one) => isRulesOption(rule, one));
  if (at >= 0 && rule.action !== 'append') {
    return withOptions(options.with(at, option), true, rule.revert ? [revertRule(rule.code, options[at])] : []);
  }
  const mayRepeat = rule.kind === 'edns0 local' || rule.kind === 'edns0 nsid';
  if (rule.action === 'replace' || (at >= 0 && !mayRepeat)) return withOptions(options, false);
  return withOptions([...options, option], true, rule.revert ? [revertRule(rule.code, undefined)] : []);
}
