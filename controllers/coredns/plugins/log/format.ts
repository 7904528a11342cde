/**
 * The fields of a log line. Source: CoreDNS plugin/log/log.go, plugin/pkg/replacer/replacer.go.
 */
import { type DnsMessage, formatAddress, type Moment } from '../../../../src/model/index.ts';
import { wantsDnssec } from '../../message.ts';
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { bytesMax, messageBytes, queryBytes } from '../../truncate.ts';

export const COMMON_FORMAT =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}';
export const COMBINED_FORMAT = `${COMMON_FORMAT} "{>opcode}"`;

/** A query that was answered, and when it came. */
export interface Answered {
  readonly request: DnsRequest;
  readonly context: DnsContext;
  readonly reply: DnsMessage;
  readonly beganAt: Moment;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function flagsOf(reply: DnsMessage): string {
  const flags: readonly (readonly [boolean | undefined, string])[] = [
    [reply.response, 'qr'],
    [reply.authoritative, 'aa'],
    [reply.truncated, 'tc'],
    [reply.recursionDesired, 'rd'],
    [reply.recursionAvailable, 'ra'],
    [reply.authenticData, 'ad'],
    [reply.checkingDisabled, 'cd'],
  ];
  return flags.flatMap(([isSet, name]) => (isSet === true ? [name] : [])).join(',');
}

const FIELDS: Readonly<Record<string, (answered: Answered) => string | number>> = {
  '{type}': ({ request }) => request.type,
  '{name}': ({ request }) => request.lowerName,
  '{class}': ({ request }) => request.class,
  '{proto}': ({ context }) => context.connection?.protocol ?? 'udp',
  '{size}': ({ request }) => queryBytes(request),
  '{remote}': ({ context }) => bracketed(formatAddress(context.client)),
  '{port}': ({ context }) => context.connection?.clientPort ?? 0,
  '{local}': ({ context }) => bracketed(formatAddress(context.connection?.server ?? 0)),
  '{>id}': ({ request }) => request.id,
  '{>opcode}': () => 0,
  '{>do}': ({ request }) => String(wantsDnssec(request)),
  '{>bufsize}': ({ request, context }) => bytesMax(request.edns, context.connection?.protocol ?? 'udp'),
  '{rcode}': ({ reply }) => reply.rcode,
  '{rsize}': ({ reply }) => messageBytes(reply),
  '{>rflags}': ({ reply }) => flagsOf(reply),
  '{duration}': ({ context, beganAt }) => `${(context.at - beganAt) / 1000}s`,
};

/** The line for a query; what other plugins would publish under `{/plugin/label}` is `-`. */
export function formatLine(format: string, answered: Answered): string {
  return format.replace(/\{[^{}]*\}/g, (field) => {
    const known = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (known !== undefined) return String(known(answered));
    if (!field.startsWith('{/')) return field;
    return answered.request.metadata?.(field.slice(2, -1)) ?? '-';
  });
}
