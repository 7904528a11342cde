/** forward: asks name servers outside. Source: CoreDNS plugin/forward/forward.go, plugin/pkg/proxy/connect.go. */
import type { DnsMessage } from '../../../../src/model/index.ts';
import { isReplyTo, queryOf, replyTo } from '../../message.ts';
import type { DnsContext, DnsReply, DnsRequest, Handler, Memory, Plugin, Transport } from '../../plugin.ts';
import { inZone } from '../../zones.ts';
import { forwardMetrics } from './metrics.ts';
import { type ForwardOptions, readForwardOptions } from './options.ts';
import {
  beginCheck,
  checkDueAt,
  isDown,
  runChecks,
  serversInOrder,
  transportTo,
  type UpstreamServer,
  UpstreamServers,
} from './upstreams.ts';

const QUERY_TIMEOUT_MS = 5000;
/** Until a connection is given up; CoreDNS takes twice the average of earlier ones, at most this. */
const DIAL_TIMEOUT_MS = 30_000;
const HTTPS_TIMEOUT_MS = 2000;
const CONNECT_ATTEMPTS_PER_TARGET = 2;
/** A failure takes time, however near the server is: without it a query that may try for ever would. */
const FAILURE_LEAST_MS = 1;

interface Forwarding {
  readonly options: ForwardOptions;
  readonly memory: UpstreamServers;
  /** whether the next handler is a forward of the same block */
  readonly hasNextForward: boolean;
  readonly next: Handler;
}

type Exchange = { readonly reply: DnsMessage } | { readonly error: string };

function failed(server: string, over: Transport, context: DnsContext, why: 'refused' | 'silent'): Exchange {
  const reason = why === 'silent' ? 'i/o timeout' : 'connection refused';
  if (over === 'udp') {
    const [own = '0.0.0.0'] = context.localAddresses;
    const port = 32768 + context.dice.below(28232);
    const local = own.includes(':') ? `[${own}]:${port}` : `${own}:${port}`;
    return { error: `read udp ${local}->${server}: ${why === 'silent' ? reason : `read: ${reason}`}` };
  }
  return { error: `dial tcp ${server}: ${why === 'silent' ? reason : `connect: ${reason}`}` };
}

function silenceMs(over: Transport, { readTimeoutMs }: ForwardOptions): number {
  if (over === 'udp') return readTimeoutMs;
  return over === 'https' ? HTTPS_TIMEOUT_MS : DIAL_TIMEOUT_MS;
}

/** One query and its reply, or the error that there was instead. */
function exchange(
  { target, connections }: UpstreamServer,
  over: Transport,
  request: DnsRequest,
  context: DnsContext,
  options: ForwardOptions,
): Exchange {
  const beganAt = context.at;
  const openedAt = connections.open(over, options, beganAt);
  const outcome = context.upstream(target.address, queryOf(request), over, context.at);
  if (outcome.outcome === 'silent') {
    context.wait(silenceMs(over, options));
    return failed(target.address, over, context, 'silent');
  }
  const afterMs = outcome.afterMs ?? 0;
  if (outcome.outcome === 'refused') {
    context.wait(Math.max(afterMs, FAILURE_LEAST_MS));
    return failed(target.address, over, context, 'refused');
  }
  const limitMs = over === 'https' ? HTTPS_TIMEOUT_MS : options.readTimeoutMs;
  if (afterMs > 0) context.wait(Math.min(afterMs, limitMs));
  if (afterMs > limitMs) return failed(target.address, over, context, 'silent');
  connections.answered(over, openedAt, options, context.at);
  connections.took(outcome.message.rcode, context.at - beganAt);
  return { reply: { ...outcome.message, id: request.id } };
}

/** Over the client's transport, unless told otherwise; what came cut over UDP is asked again over TCP with prefer_udp. */
function connect(server: UpstreamServer, request: DnsRequest, context: DnsContext, options: ForwardOptions): Exchange {
  const over = transportTo(server.target, options, options.preferUdp ? 'udp' : (context.connection?.protocol ?? 'udp'));
  const exchanged = exchange(server, over, request, context, options);
  const cut = 'reply' in exchanged && exchanged.reply.truncated;
  if (!cut || !options.preferUdp || options.forceTcp || over !== 'udp') return exchanged;
  return exchange(server, 'tcp', request, context, options);
}

/** Whether the block's next forward is to answer instead. */
function leftToNext({ rcode, answers }: DnsMessage, { options, hasNextForward }: Forwarding): boolean {
  if (!hasNextForward) return false;
  return options.next.includes(rcode) || (options.nextOnNodata && rcode === 'NOERROR' && answers.length === 0);
}

function ask(forwarding: Forwarding, request: DnsRequest, context: DnsContext): DnsReply {
  const { options, memory, next } = forwarding;
  memory.turns++;
  const servers = serversInOrder(memory, options, context.dice);
  const deadline = context.at + QUERY_TIMEOUT_MS;
  const attemptsMax = options.maxConnectAttempts ?? CONNECT_ATTEMPTS_PER_TARGET * servers.length;
  let attempts = 0;
  let failovers = 0;
  let down = 0;
  let error = 'no healthy proxies';
  for (let i = 0; context.at < deadline && (attemptsMax === 0 || attempts < attemptsMax); i++) {
    if (i > 0 && i % servers.length === 0) down = 0;
    runChecks(memory, options, context);
    let server = servers[i % servers.length]!;
    if (isDown(server, options)) {
      if (++down < servers.length) continue;
      memory.counts.allDown++;
      if (options.failsFast) break;
      // With every server down it is more likely the checks that are broken.
      server = servers[context.dice.below(servers.length)]!;
    }
    const exchanged = connect(server, request, context, options);
    if ('error' in exchanged) {
      error = exchanged.error;
      if (options.maxFails !== 0) beginCheck(server, context.at);
      attempts++;
      if (down < servers.length) continue;
      break;
    }
    const { reply } = exchanged;
    if (!isReplyTo(reply, request)) return replyTo(request, 'FORMERR', { authoritative: false });
    if (options.failover.includes(reply.rcode) && ++failovers < servers.length) continue;
    return leftToNext(reply, forwarding) ? next(request, context) : reply;
  }
  return { failed: 'SERVFAIL', error };
}

/** Counts itself among the queries under way, also while it is answered. */
function limited(forwarding: Forwarding, request: DnsRequest, context: DnsContext): DnsReply {
  const { options, memory } = forwarding;
  if (options.maxConcurrent === 0) return ask(forwarding, request, context);
  const others = memory.underWay.filter((until) => until > context.at);
  if (others.length >= options.maxConcurrent) {
    memory.underWay = others;
    memory.counts.tooMany++;
    return { failed: 'REFUSED', error: `concurrent queries exceeded maximum ${options.maxConcurrent}` };
  }
  memory.underWay = [...others, Number.POSITIVE_INFINITY];
  const reply = ask(forwarding, request, context);
  memory.underWay = [...others, context.at];
  return reply;
}

function forwarder(forwarding: Omit<Forwarding, 'memory'>, memory: () => UpstreamServers): Handler {
  const { options, next } = forwarding;
  return (request, context) => {
    const { lowerName } = request;
    const allowed = lowerName === options.from || !options.except.some((zone) => inZone(lowerName, zone));
    if (!inZone(lowerName, options.from) || !allowed) return next(request, context);
    return limited({ ...forwarding, memory: memory() }, request, context);
  };
}

/** One memory for all forwards of a block. */
class ForwardMemory implements Memory {
  readonly forwards: readonly UpstreamServers[];

  constructor(forwards: readonly UpstreamServers[]) {
    this.forwards = forwards;
  }

  copy(): ForwardMemory {
    return new ForwardMemory(this.forwards.map((servers) => servers.copy()));
  }
}

export const forward: Plugin = {
  name: 'forward',
  plain: forwardMetrics([]),
  setup(directives, setup) {
    const all = directives.map((directive) => readForwardOptions(directive, setup));
    return {
      remember: () => new ForwardMemory(all.map((options) => UpstreamServers.of(options))),
      // Several forwards of one block stand in a row: the first whose zone holds the name answers.
      handler: (last, memory) =>
        all.reduceRight<Handler>(
          (next, options, i) =>
            forwarder(
              { options, next, hasNextForward: i < all.length - 1 },
              () => (memory() as ForwardMemory).forwards[i]!,
            ),
          last,
        ),
      metrics: (memory) => forwardMetrics((memory as ForwardMemory).forwards),
      dueAt: (memory) => {
        const due = (memory as ForwardMemory).forwards.map(checkDueAt).filter((at) => at !== undefined);
        return due.length === 0 ? undefined : Math.min(...due);
      },
      wake: (memory, context) => {
        for (const [i, servers] of (memory as ForwardMemory).forwards.entries()) runChecks(servers, all[i]!, context);
      },
    };
  },
};
