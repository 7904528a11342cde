/**
 * A Mermaid sequence diagram, drawn from the traces themselves: the sender, kube-proxy's rules on its node, the receivers.
 * Syntax: https://mermaid.js.org/syntax/sequenceDiagram.html
 */
import type { ResolveResult, SendResult } from '../emulator/index.ts';
import { formatAddress, type Packet, type Trace, type TraceStep } from '../model/index.ts';
import { describePacket, describePayload, destinationOf, protocolName } from './describe-packet.ts';
import { describeTranslation } from './describe-trace.ts';

type Translation = Extract<TraceStep, { step: 'translate' }>;

/** Diagrams of one or more exchanges; `text()` is the whole diagram. */
export class SequenceDiagram {
  readonly #title: string;
  readonly #participants = new Map<string, { readonly id: string; label: string }>();
  readonly #lines: string[] = [];

  constructor(title: string) {
    this.#title = title;
  }

  addSend(result: SendResult): void {
    if (result.resolve !== undefined) this.addResolve(result.resolve);
    const initiator = result.traces[0] === undefined ? undefined : senderOf(result.traces[0]);
    for (const trace of result.traces) this.#addEither(trace, initiator);
    this.#lines.push(`Note over ${this.#hostOf(result)}: ${escaped(result.outcome)}`);
  }

  addResolve({ exchanges }: ResolveResult): void {
    let waiting: Trace[] = [];
    for (const { handshake = [], request, reply, atOnce } of exchanges) {
      if (atOnce !== true) waiting = this.#addReplies(waiting);
      for (const trace of handshake) this.#addEither(trace, senderOf(request));
      this.addRequest(request);
      if (reply !== undefined) waiting.push(reply);
    }
    this.#addReplies(waiting);
  }

  #addEither(trace: Trace, initiator: string | undefined): void {
    if (senderOf(trace) === initiator) this.addRequest(trace);
    else this.addReply(trace);
  }

  /** What was asked for at once is answered after all of it was asked. */
  #addReplies(replies: readonly Trace[]): Trace[] {
    for (const reply of replies) this.addReply(reply);
    return [];
  }

  /** A packet on its way there: to kube-proxy where its rules change the destination, on to the receiver, or to where it ended. */
  addRequest(trace: Trace): void {
    const { sent, seen, verdict } = trace;
    const translation = trace.steps.find(isNewDestination);
    let from = this.#participant(senderOf(trace), formatAddress(sent.source));
    let what = `${said(sent)} to ${destinationOf(sent)}`;
    if (translation !== undefined) {
      const via = this.#kubeProxy(translation.host);
      this.#message(from, '->>', via, what);
      this.#rules(trace, translation, via);
      from = via;
      what = `${translation.by} ${describeTranslation(translation)}`;
    }
    if (verdict.verdict === 'delivered') {
      const to = this.#participant(verdict.host, formatAddress(seen.destination));
      this.#message(from, '->>', to, translation === undefined ? said(sent) : what);
    } else this.#ended(trace, from, what, '-x');
  }

  /** A packet on its way back: what undoes the translation is conntrack's and goes without saying. */
  addReply(trace: Trace): void {
    const { sent, seen, verdict } = trace;
    const host = senderOf(trace);
    const isFromRules = sent.payload?.kind === 'icmp-error' && host.startsWith('node/');
    const from = isFromRules ? this.#kubeProxy(host) : this.#participant(host, formatAddress(sent.source));
    if (verdict.verdict === 'delivered')
      this.#message(from, '-->>', this.#participant(verdict.host, formatAddress(seen.destination)), said(sent));
    else this.#ended(trace, from, said(sent), '--x');
  }

  #ended({ verdict, seen }: Trace, from: string, what: string, arrow: string): void {
    const { host, reason } = verdict;
    const by = host.startsWith('node/') ? this.#kubeProxy(host) : this.#participant(host, formatAddress(seen.source));
    if (by !== from) this.#message(from, arrow, by, what);
    const how = verdict.verdict === 'rejected' ? `rejected with ${verdict.with}` : verdict.verdict;
    this.#lines.push(`Note over ${by}: ${escaped(`${how}: ${reason}`)}`);
  }

  text(): string {
    const participants = [...this.#participants.values()].map(({ id, label }) => `participant ${id} as ${label}`);
    const body = [...participants, ...this.#lines].map((line) => `    ${line}`);
    return ['---', `title: ${JSON.stringify(this.#title)}`, '---', 'sequenceDiagram', ...body].join('\n');
  }

  #message(from: string, arrow: string, to: string, text: string): void {
    this.#lines.push(`${from}${arrow}${to}: ${escaped(text)}`);
  }

  /** The chains that a packet passed on its way to its translation. */
  #rules(trace: Trace, translation: Translation, via: string): void {
    const before = trace.steps.slice(0, trace.steps.indexOf(translation));
    const chains = before.flatMap((step) =>
      step.step === 'rule' && step.host === translation.host ? [step.chain] : [],
    );
    const passed = chains.filter((chain, i) => chains.indexOf(chain) === i && chain.startsWith('KUBE-'));
    if (passed.length > 0) this.#lines.push(`Note over ${via}: ${escaped(passed.join(' → '))}`);
  }

  #hostOf({ traces, resolve }: SendResult): string {
    const first = traces[0] ?? resolve?.exchanges[0]?.request;
    if (first === undefined) throw new Error('a send leaves at least one trace');
    return this.#participant(senderOf(first), formatAddress(first.sent.source));
  }

  #participant(host: string, address: string): string {
    const known = this.#participants.get(host);
    if (known !== undefined) return known.id;
    const [kind, ...names] = host.split('/');
    const label = kind === 'pod' ? `${names.at(-1)} Pod` : names.join('/') || host;
    return this.#add(host, `${escaped(label)}<br/>${address}`);
  }

  #kubeProxy(host: string): string {
    const name = `kube-proxy ${host}`;
    return (
      this.#participants.get(name)?.id ??
      this.#add(name, `kube-proxy on ${escaped(host.replace(/^node\//, ''))}<br/>(iptables)`)
    );
  }

  #add(name: string, label: string): string {
    const id = `P${this.#participants.size + 1}`;
    this.#participants.set(name, { id, label });
    return id;
  }
}

/** The network namespace that a packet began in. */
function senderOf(trace: Trace): string {
  const [first] = trace.steps;
  if (first === undefined) return trace.verdict.host;
  return first.step === 'forward' ? first.from : first.host;
}

function isNewDestination(step: TraceStep): step is Translation {
  return step.step === 'translate' && destinationOf(step.before) !== destinationOf(step.packet);
}

function said(packet: Packet): string {
  if (packet.payload !== undefined)
    return packet.payload.kind === 'dns' ? `DNS ${describePayload(packet.payload)}` : describePayload(packet.payload);
  const flags = /\[.*\]/.exec(describePacket(packet));
  return `${protocolName(packet.protocol)}${flags === null ? '' : ` ${flags[0].slice(1, -1)}`}`;
}

/** Mermaid ends a message at `;` and reads `#` as the start of an entity. */
function escaped(text: string): string {
  return text
    .replaceAll('#', '#35;')
    .replaceAll(/;(?<!#35;)/g, '#59;')
    .replaceAll('\n', ' ');
}
