/**
 * A name looked up by a process: its C library reads resolv.conf and sends queries, each a packet through kube-proxy to a
 * name server's pod; the answers come back through conntrack.
 */
import {
  addressOf,
  type DnsMessage,
  type DnsQuestion,
  type Edns,
  type Moment,
  type RecordType,
} from '../model/index.ts';
import { beginLookup, type LookupStep, nextStep, type ResolvConf, settingsOf } from '../packet/index.ts';
import type { DnsExchange, ResolveResult } from './contract.ts';
import { type Client, DNS_PORT, type Exchanged, type ExchangeParts, exchange } from './dns-exchange.ts';

export interface LookupParts extends ExchangeParts {
  readonly now: () => Moment;
  /** lets virtual time pass while the client waits in vain */
  readonly wait: (ms: number) => void;
  /** the next query id */
  readonly queryId: () => number;
}

export interface LookupFrom extends Client {
  readonly resolvConf: { readonly text: string; readonly conf: ResolvConf };
  /** of the servers; 53 where it is not given */
  readonly port?: number;
  readonly libc: 'glibc' | 'musl';
  /** with `rotate`, the server that this lookup begins with */
  readonly firstServer: number;
}

/** What getaddrinfo asks for where the caller does not mind which family it gets. */
export const ANY_FAMILY = ['A', 'AAAA'] as const;

type Ask = Extract<LookupStep, { step: 'ask' }>;

/** Looks a name up from first candidate to last. `record` keeps the traces. */
export function lookUp(
  from: LookupFrom,
  name: string,
  types: readonly RecordType[],
  parts: LookupParts,
  record: boolean,
): ResolveResult {
  const { conf, text } = from.resolvConf;
  const begunAt = parts.now();
  const exchanges: DnsExchange[] = [];
  let last: DnsMessage | undefined;
  let step = beginLookup(conf, { name, types, libc: from.libc, firstServer: from.firstServer });
  while (step.step === 'ask') {
    const asked = askServers(from, step, parts, record);
    for (const { refused: _refused, afterMs: _afterMs, ...told } of asked.flat()) exchanges.push(told);
    const replies = asked.map(firstUsable);
    // musl's socket is not connected, so that it never hears of a refusal.
    const refused = from.libc === 'glibc' && asked.flat().some((one) => one.refused);
    const inVain = !refused && replies.includes(undefined);
    const tookMs = inVain ? step.timeoutMs : Math.max(...asked.flat().map(({ afterMs }) => afterMs));
    if (tookMs > 0) parts.wait(tookMs);
    last = replies.findLast((reply) => reply !== undefined) ?? last;
    step = nextStep(step.state, { replies, refused: refused && replies.every((reply) => reply === undefined) });
  }
  return {
    resolvConf: text,
    exchanges,
    rcode: rcodeOf(step, last),
    addresses: step.replies.flatMap((reply) => addressesIn(reply)),
    tookMs: parts.now() - begunAt,
    ...(step.answeredName === undefined ? {} : { answeredName: step.answeredName }),
  };
}

/** For each question, what each server said: from one socket, unless it is to be opened anew for each. */
function askServers(from: LookupFrom, step: Ask, parts: LookupParts, record: boolean): Exchanged[][] {
  const { servers, questions, mode, transport, timeoutMs } = step;
  const edns = settingsOf(from.resolvConf.conf).edns0 && from.libc === 'glibc' ? GLIBC_EDNS : undefined;
  const socket = mode === 'single-request-reopen' ? {} : { sourcePort: parts.wire.nextPort(from.host.name) };
  const asked: Exchanged[][] = questions.map(() => []);
  for (const server of servers) {
    const queries = questions.map((question) => queryFor(question, parts.queryId(), edns));
    const request = {
      from,
      server: addressOf(server),
      port: from.port ?? DNS_PORT,
      queries,
      mode,
      transport,
      record,
      ...socket,
    };
    for (const [i, exchanged] of exchange(request, parts).entries()) asked[i]!.push(inTime(exchanged, timeoutMs));
  }
  return asked;
}

/** RESOLV_EDNS_BUFFER_SIZE (glibc resolv/resolv-internal.h) */
const GLIBC_EDNS: Edns = { udpSizeBytes: 1200, dnssecOk: false, options: [] };

/** A reply that comes when the client no longer waits is none. */
function inTime(exchanged: Exchanged, timeoutMs: number): Exchanged {
  if (exchanged.afterMs < timeoutMs) return exchanged;
  const { response: _late, ...rest } = exchanged;
  return rest;
}

/** Of several servers' replies the first that says something of the name. */
function firstUsable(exchanged: readonly Exchanged[]): DnsMessage | undefined {
  const replies = exchanged.flatMap(({ response }) => (response === undefined ? [] : [response]));
  return replies.find(({ rcode }) => rcode === 'NOERROR' || rcode === 'NXDOMAIN') ?? replies[0];
}

function rcodeOf(step: Extract<LookupStep, { step: 'done' }>, last: DnsMessage | undefined): ResolveResult['rcode'] {
  switch (step.outcome) {
    case 'found':
    case 'no-data':
      return 'NOERROR';
    case 'not-found':
      return 'NXDOMAIN';
    case 'try-again':
      return last === undefined ? 'TIMEOUT' : last.rcode;
    default:
      throw new Error(`unknown outcome ${step.outcome satisfies never}`);
  }
}

function addressesIn(reply: DnsMessage | undefined): readonly string[] {
  return (reply?.answers ?? []).filter(({ type }) => type === 'A' || type === 'AAAA').map(({ data }) => data);
}

function queryFor(question: DnsQuestion, id: number, edns: Edns | undefined): DnsMessage {
  return {
    id,
    response: false,
    question,
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    answers: [],
    authorities: [],
    additionals: [],
    ...(edns === undefined ? {} : { edns }),
  };
}
