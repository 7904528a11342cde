/**
 * A name looked up by a process: its C library reads resolv.conf and sends queries, each a packet through kube-proxy to a
 * name server's pod; the answers come back through conntrack.
 */
import {
  type Address,
  addressOf,
  type DnsMessage,
  type DnsQuestion,
  formatAddress,
  type Packet,
  type RecordType,
  type Trace,
  UDP,
} from '../model/index.ts';
import { beginLookup, type Host, type LookupStep, nextStep, type ResolvConf } from '../packet/index.ts';
import type { DnsExchange, ResolveResult } from './contract.ts';
import type { Listener } from './listeners.ts';
import { isNameServer, type NameServers } from './name-servers.ts';
import { answerTo, DEFAULT_TTL, type Wire } from './wire.ts';

const DNS_PORT = 53;

export interface LookupParts {
  readonly wire: Wire;
  readonly nameServers: NameServers;
  readonly listener: (
    host: string,
    address: Address,
    port: number,
    protocol: Packet['protocol'],
  ) => Listener | undefined;
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

type Exchanged = DnsExchange & { readonly refused: boolean };

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
    const { server, questions, timeoutMs, state } = step;
    const asked: readonly Exchanged[] = questions.map((question) => exchange(from, server, question, parts, record));
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

/** One question and its answer. */
function exchange(
  from: LookupFrom,
  server: string,
  question: DnsQuestion,
  parts: LookupParts,
  record: boolean,
): Exchanged {
  const { wire } = parts;
  const query: DnsMessage = queryFor(question, parts.queryId());
  const packet: Packet = {
    protocol: UDP,
    source: from.address,
    sourcePort: wire.nextPort(from.host.name),
    destination: addressOf(server),
    destinationPort: DNS_PORT,
    flags: 0,
    ttl: DEFAULT_TTL,
    payload: { kind: 'dns', message: query },
  };
  const { walked, traces, error } = wire.send(from.host, packet, record);
  const request = traces[0] ?? unrecorded(packet, walked);
  if (walked.verdict.verdict !== 'delivered') return { query, request, refused: error !== undefined };
  const { seen } = walked;
  const listener = parts.listener(walked.host.name, seen.destination, seen.destinationPort, UDP);
  if (listener?.pod === undefined || !isNameServer(listener.pod))
    return { query, request, refused: listener === undefined };
  const response = parts.nameServers.answer(listener.pod, seen, query);
  if (response === undefined) return { query, request, refused: false };
  const back = wire.send(walked.host, answerTo(seen, 0, { kind: 'dns', message: response }), record);
  const reply = back.traces[0] ?? unrecorded(packet, back.walked);
  const arrived = back.walked.verdict.verdict === 'delivered' && fromWhereItWasAsked(packet, back.walked.seen);
  return arrived ? { query, request, response, reply, refused: false } : { query, request, reply, refused: false };
}

/** A connected UDP socket takes only what comes from the address and port that it asked. */
function fromWhereItWasAsked(asked: Packet, seen: Packet): boolean {
  return (
    seen.source === asked.destination &&
    seen.sourcePort === asked.destinationPort &&
    seen.destinationPort === asked.sourcePort
  );
}

function queryFor(question: DnsQuestion, id: number): DnsMessage {
  return {
    id,
    response: false,
    question,
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    answers: [],
    authorities: [],
    additionals: [],
  };
}

function unrecorded(sent: Packet, walked: { readonly seen: Packet; readonly verdict: Trace['verdict'] }): Trace {
  return { sent, seen: walked.seen, steps: [], verdict: walked.verdict };
}

/** `10.96.0.10:53` */
export function endpointText(address: Address, port: number): string {
  return `${formatAddress(address)}:${port}`;
}
