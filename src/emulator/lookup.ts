/**
 * A name looked up by a process: its C library reads resolv.conf and sends queries, each a packet through kube-proxy to a
 * name server's pod; the answers come back through conntrack.
 */
import { type Address, addressOf, type DnsMessage, type DnsQuestion, type RecordType } from '../model/index.ts';
import { beginLookup, type Host, type LookupStep, nextStep, type ResolvConf } from '../packet/index.ts';
import type { DnsExchange, ResolveResult } from './contract.ts';
import { type ExchangeParts, exchange } from './dns-exchange.ts';

export interface LookupParts extends ExchangeParts {
  /** lets virtual time pass while the client waits in vain */
  readonly wait: (ms: number) => void;
  /** the next query id */
  readonly queryId: () => number;
}

export interface LookupFrom {
  readonly host: Host;
  readonly address: Address;
  readonly resolvConf: { readonly text: string; readonly conf: ResolvConf };
}

/** Looks a name up from first candidate to last. `record` keeps the traces. */
export function lookUp(
  from: LookupFrom,
  name: string,
  types: readonly RecordType[],
  parts: LookupParts,
  record: boolean,
): ResolveResult {
  const exchanges: DnsExchange[] = [];
  let last: DnsMessage | undefined;
  let step: LookupStep = beginLookup(from.resolvConf.conf, { name, types });
  while (step.step === 'ask') {
    const { questions, timeoutMs, state, mode, transport } = step;
    const queries = questions.map((question) => queryFor(question, parts.queryId()));
    const asked = exchange({ from, server: addressOf(step.server), queries, mode, transport, record }, parts);
    for (const { refused: _refused, ...told } of asked) exchanges.push(told);
    const silent = asked.every(({ response }) => response === undefined);
    const refused = silent && asked.some((one) => one.refused);
    if (silent && !refused) parts.wait(timeoutMs);
    last = asked.map(({ response }) => response).findLast((response) => response !== undefined) ?? last;
    step = nextStep(state, { replies: asked.map(({ response }) => response), refused });
  }
  return {
    resolvConf: from.resolvConf.text,
    exchanges,
    rcode: rcodeOf(step, last),
    addresses: step.replies.flatMap((reply) => addressesIn(reply)),
    ...(step.answeredName === undefined ? {} : { answeredName: step.answeredName }),
  };
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

function queryFor(question: DnsQuestion, id: number): DnsMessage {
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
  };
}
