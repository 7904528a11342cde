/** transfer: gives whole zones to whom the Corefile says, over TCP. Source: CoreDNS plugin/transfer. */
import { formatAddress, parseAddress } from '../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../corefile/error.ts';
import type { Directive, OptionLine } from '../corefile/parse.ts';
import type { Token } from '../corefile/tokens.ts';
import { replyTo } from '../message.ts';
import type { DnsContext, DnsReply, DnsRequest, Handler, Peers, Plugin, PluginSetup } from '../plugin.ts';
import { originsOf, zoneOf } from '../zones.ts';
import { argumentsOf } from './options.ts';

interface TransferRule {
  readonly zones: readonly string[];
  /** addresses, or `*` for everyone */
  readonly to: ReadonlySet<string>;
}

/** `*`, `192.0.2.1` or `192.0.2.1:53`; the port is where notifications would go. */
function receiverOf(token: Token): string {
  if (token.text === '*') return '*';
  const text = token.text.replace(/^dns:\/\//, '');
  const [, bracketed, plain] = /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::\d+)?$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? plain ?? '');
  if (address === undefined) throw new CorefileError(token, `not an IP address or file: "${token.text}"`);
  return formatAddress(address);
}

function checkSource(line: OptionLine): void {
  const address = argumentsOf(line, 1)[0]!;
  if (parseAddress(address.text) === undefined) {
    throw new CorefileError(address, `plugin/transfer: invalid source address "${address.text}"`);
  }
}

function ruleOf({ name, arguments: found, block = [] }: Directive, setup: PluginSetup): TransferRule {
  const names = found.map(({ text }) => text);
  const to = new Set<string>();
  for (const line of block) {
    if (line.option.text === 'to') {
      if (line.arguments.length === 0) throw wrongArguments(line.option);
      for (const token of line.arguments) to.add(receiverOf(token));
    } else if (line.option.text === 'source') checkSource(line);
    else throw new CorefileError(line.option, `plugin/transfer: unknown property "${line.option.text}"`);
  }
  if (to.size === 0) throw new CorefileError(name, `plugin/transfer: 'to' is required`);
  return { zones: originsOf(names, setup.zones), to };
}

/** The rule with the longest zone that the name lies in. */
function ruleFor(rules: readonly TransferRule[], name: string): TransferRule | undefined {
  const zone = zoneOf(
    name,
    rules.flatMap(({ zones }) => zones),
  );
  return zone === undefined ? undefined : rules.find(({ zones }) => zones.includes(zone));
}

function isAllowed({ to }: TransferRule, { client }: DnsContext): boolean {
  return to.has('*') || to.has(formatAddress(client));
}

function transferred(
  rules: readonly TransferRule[],
  request: DnsRequest,
  context: DnsContext,
  peers: Peers,
  next: Handler,
): DnsReply {
  if (context.connection?.protocol !== 'tcp') return 'REFUSED';
  const rule = ruleFor(rules, request.lowerName);
  if (rule === undefined) return next(request, context);
  if (!isAllowed(rule, context)) return replyTo(request, 'REFUSED', { authoritative: false });
  const incremental = request.type === 'IXFR';
  if (incremental && request.serial === undefined) return 'SERVFAIL';
  const serial = incremental && request.serial !== 0 ? request.serial : undefined;
  for (const peer of peers.values()) {
    const answers = peer.transfer?.(request.lowerName, serial, context);
    if (answers === undefined) continue;
    context.log?.(`[INFO] plugin/transfer: Outgoing transfer of ${answers.length} records of zone "${request.name}"`);
    return replyTo(request, 'NOERROR', { answers, authoritative: answers.length > 1 });
  }
  return next(request, context);
}

export const transfer: Plugin = {
  name: 'transfer',
  setup(directives, setup) {
    const rules = directives.map((directive) => ruleOf(directive, setup));
    return {
      handler: (next, _, peers) => (request, context) => {
        const isTransfer = request.type === 'AXFR' || request.type === 'IXFR';
        return isTransfer ? transferred(rules, request, context, peers, next) : next(request, context);
      },
    };
  },
};
