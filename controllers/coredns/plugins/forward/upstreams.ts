/**
 * The name servers of one forward: how each is, and the checks that find out.
 *
 * ```text
 *   a query fails -> a check begins (. NS) -> fails -> again after the interval -> ... -> answered: it is well again
 *                                            counted; more than max_fails: down
 * ```
 *
 * Source: CoreDNS plugin/pkg/proxy/{proxy,health}.go, plugin/pkg/up/up.go.
 */
import type { Dice, Moment } from '../../../../src/model/index.ts';
import { queryFor } from '../../message.ts';
import type { DnsContext, Memory, Transport } from '../../plugin.ts';
import { Connections } from './connections.ts';
import type { ForwardOptions } from './options.ts';
import type { Target } from './targets.ts';

/** At most one is under way. */
type Check =
  | { readonly step: 'none' }
  | { readonly step: 'begins'; readonly at: Moment }
  | { readonly step: 'ends'; readonly at: Moment; readonly answered: boolean };

export interface UpstreamServer {
  readonly target: Target;
  /** checks that failed since the last that was answered */
  fails: number;
  check: Check;
  readonly connections: Connections;
  /** failed checks in all, for plugin prometheus */
  failedChecks: number;
}

const CHECK_TIMEOUT_MS = 1000;
const TCP_CHECK_TIMEOUT_MS = 2000;
/** A check takes time, however near the server is. */
const CHECK_LEAST_MS = 1;
const NO_CHECK: Check = { step: 'none' };

export class UpstreamServers implements Memory {
  readonly servers: readonly UpstreamServer[];
  /** queries so far, for policy round_robin */
  turns: number;
  /** when each query under way will have its answer */
  underWay: readonly Moment[];
  /** queries that found every server down, and that came while too many were under way */
  readonly counts: { allDown: number; tooMany: number };

  constructor(servers: readonly UpstreamServer[], turns = 0, underWay: readonly Moment[] = [], counts = noCounts()) {
    this.servers = servers;
    this.turns = turns;
    this.underWay = underWay;
    this.counts = counts;
  }

  static of({ targets }: ForwardOptions): UpstreamServers {
    return new UpstreamServers(
      targets.map((target) => ({
        target,
        fails: 0,
        check: NO_CHECK,
        failedChecks: 0,
        connections: new Connections(),
      })),
    );
  }

  copy(): UpstreamServers {
    const servers = this.servers.map((server) => ({ ...server, connections: server.connections.copy() }));
    return new UpstreamServers(servers, this.turns, this.underWay, { ...this.counts });
  }
}

function noCounts(): UpstreamServers['counts'] {
  return { allDown: 0, tooMany: 0 };
}

export function isDown({ fails }: UpstreamServer, { maxFails }: ForwardOptions): boolean {
  return maxFails !== 0 && fails > maxFails;
}

/** The order in which one query tries the servers. */
export function serversInOrder(
  { servers, turns }: UpstreamServers,
  { policy }: ForwardOptions,
  dice: Dice,
): readonly UpstreamServer[] {
  if (policy === 'sequential' || servers.length === 1) return servers;
  if (policy === 'round_robin') {
    const start = turns % servers.length;
    return [servers[start]!, ...servers.filter((_, i) => i !== start)];
  }
  const left = [...servers];
  return servers.map(() => left.splice(dice.below(left.length), 1)[0]!);
}

/** Begins to check a server that failed a query, unless a check is under way. */
export function beginCheck(server: UpstreamServer, at: Moment): void {
  if (server.check.step === 'none') server.check = { step: 'begins', at };
}

export function checkDueAt({ servers }: UpstreamServers): Moment | undefined {
  let due: Moment | undefined;
  for (const { check } of servers) if (check.step !== 'none' && (due === undefined || check.at < due)) due = check.at;
  return due;
}

/** How a server is spoken to, by clients over `client`. */
export function transportTo({ transport }: Target, { forceTcp }: ForwardOptions, client: 'udp' | 'tcp'): Transport {
  if (transport !== 'dns') return transport;
  return forceTcp ? 'tcp' : client;
}

function ask(server: UpstreamServer, options: ForwardOptions, context: DnsContext, at: Moment): Check {
  const { healthCheck } = options;
  const over = transportTo(server.target, options, 'udp');
  const query = queryFor(healthCheck.domain, 'NS', healthCheck.recursionDesired);
  const reply = context.upstream(server.target.address, query, over, at);
  const limitMs = over === 'tcp' || over === 'tls' ? TCP_CHECK_TIMEOUT_MS : CHECK_TIMEOUT_MS;
  const tookMs = reply.outcome === 'silent' ? limitMs : Math.min(reply.afterMs ?? 0, limitMs);
  const answered = reply.outcome === 'replied' && (reply.afterMs ?? 0) <= limitMs;
  return { step: 'ends', at: at + Math.max(tookMs, CHECK_LEAST_MS), answered };
}

function ended(server: UpstreamServer, answered: boolean, at: Moment, { healthCheck }: ForwardOptions): void {
  server.fails = answered ? 0 : server.fails + 1;
  if (!answered) server.failedChecks++;
  server.check = answered ? NO_CHECK : { step: 'begins', at: at + healthCheck.intervalMs };
}

/** Carries the checks on up to now. */
export function runChecks(memory: UpstreamServers, options: ForwardOptions, context: DnsContext): void {
  for (const server of memory.servers) {
    for (let { check } = server; check.step !== 'none' && check.at <= context.at; { check } = server) {
      if (check.step === 'begins') server.check = ask(server, options, context, check.at);
      else ended(server, check.answered, check.at, options);
    }
  }
}
