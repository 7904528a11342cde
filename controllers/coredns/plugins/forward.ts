/** forward: asks name servers outside. Source: CoreDNS plugin/forward. Health checks and policies but random come later. */
import { parseAddress } from '../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../corefile/error.ts';
import type { Directive, OptionLine } from '../corefile/parse.ts';
import type { Token } from '../corefile/tokens.ts';
import type { DnsContext, DnsReply, DnsRequest, Handler, Plugin, PluginSetup } from '../plugin.ts';
import { inZone, normalName } from '../zones.ts';
import { argumentsOf, durationMsOf, integerOf, unknownOption } from './options.ts';

type Policy = 'random' | 'sequential';

interface ForwardOptions {
  readonly from: string;
  /** `address:port`, in the order given */
  readonly servers: readonly string[];
  readonly except: readonly string[];
  readonly policy: Policy;
}

const SERVERS_MAX = 15;

/** `192.0.2.1`, `192.0.2.1:1053`, `[2001:db8::1]:53`, or a resolv.conf file. */
function serversOf(to: Token, { nameservers }: PluginSetup): readonly string[] {
  if (to.text === '/etc/resolv.conf') return nameservers.map((address) => withPort(address, '53'));
  const text = to.text.replace(/^dns:\/\//, '');
  if (text.includes('://')) throw new CorefileError(to, `plugin/forward: '${to.text}': only dns:// is emulated yet`);
  const [, bracketed, plain, port = '53'] = /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  if (parseAddress(address) === undefined) {
    throw new CorefileError(to, `plugin/forward: not an IP address or file: "${to.text}"`);
  }
  return [withPort(address, port)];
}

function withPort(address: string, port: string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Options whose only effect is on health checks and connections, which do not exist here: checked, then ignored. */
const WITHOUT_EFFECT: Readonly<Record<string, (line: OptionLine) => void>> = {
  max_fails: (line) => void integerOf(argumentsOf(line, 1)[0]!),
  max_concurrent: (line) => void integerOf(argumentsOf(line, 1)[0]!),
  expire: (line) => void durationMsOf(argumentsOf(line, 1)[0]!),
  health_check: (line) => void durationMsOf(argumentsOf(line, 1, Number.POSITIVE_INFINITY)[0]!),
  force_tcp: (line) => void argumentsOf(line, 0),
  prefer_udp: (line) => void argumentsOf(line, 0),
};

function policyOf(line: OptionLine): Policy {
  const policy = argumentsOf(line, 1)[0]!;
  if (policy.text === 'random' || policy.text === 'sequential') return policy.text;
  if (policy.text === 'round_robin')
    throw new CorefileError(policy, `plugin/forward: policy round_robin is not emulated yet`);
  throw new CorefileError(policy, `unknown policy '${policy.text}'`);
}

function readOptions({ name, arguments: found, block = [] }: Directive, setup: PluginSetup): ForwardOptions {
  const [from, ...to] = found;
  if (from === undefined || to.length === 0) throw wrongArguments(from ?? name);
  const servers = to.flatMap((token) => serversOf(token, setup));
  if (servers.length > SERVERS_MAX) {
    throw new CorefileError(name, `plugin/forward: more than ${SERVERS_MAX} TOs configured: ${servers.length}`);
  }
  const options = { from: normalName(from.text), servers, except: [] as string[], policy: 'random' as Policy };
  for (const line of block) {
    const check = Object.hasOwn(WITHOUT_EFFECT, line.option.text) ? WITHOUT_EFFECT[line.option.text] : undefined;
    if (check !== undefined) check(line);
    else if (line.option.text === 'policy') options.policy = policyOf(line);
    else if (line.option.text === 'except') {
      options.except.push(...argumentsOf(line, 1, Number.POSITIVE_INFINITY).map((token) => normalName(token.text)));
    } else throw unknownOption(line);
  }
  return options;
}

/** Random among all; a server that does not answer is followed by the next, each asked once. */
function ask({ servers, policy }: ForwardOptions, request: DnsRequest, context: DnsContext): DnsReply {
  const start = policy === 'random' && servers.length > 1 ? context.dice.below(servers.length) : 0;
  for (let i = 0; i < servers.length; i++) {
    const server = servers[(start + i) % servers.length]!;
    const reply = context.upstream(server, { name: request.name, type: request.type });
    if (reply === undefined) continue;
    const { question } = reply;
    if (question.type !== request.type || question.name.toLowerCase() !== request.lowerName) return 'FORMERR';
    return { ...reply, id: request.id };
  }
  context.log?.(`[ERROR] plugin/errors: 2 ${request.name} ${request.type}: no upstream answered`);
  return 'SERVFAIL';
}

/** Several forwards of one block stand in a row: the first whose zone holds the name answers. */
function forwarder(options: ForwardOptions, next: Handler): Handler {
  return (request, context) => {
    const { lowerName } = request;
    const mine = inZone(lowerName, options.from) && !options.except.some((zone) => inZone(lowerName, zone));
    return mine ? ask(options, request, context) : next(request, context);
  };
}

export const forward: Plugin = {
  name: 'forward',
  setup(directives, setup) {
    const all = directives.map((directive) => readOptions(directive, setup));
    return { handler: (next) => all.reduceRight((rest, options) => forwarder(options, rest), next) };
  },
};
