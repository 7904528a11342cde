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
    for (const trace of result.traces) this.addTrace(trace);
    this.#lines.push(`Note over ${this.#hostOf(result)}: ${escaped(result.outcome)}`);
  }

  addResolve({ exchanges }: ResolveResult): void {
    for (const { request, reply } of exchanges) {
      this.addTrace(request);
      if (reply !== undefined) this.addTrace(reply);
    }
  }

  /** One packet: to kube-proxy where its rules change the destination, on to the receiver, or to where it ended. */
  addTrace(trace: Trace): void {
    const { sent, verdict } = trace;
    const from = this.#participant(senderOf(trace), formatAddress(sent.source));
    const translations = trace.steps.filter((step): step is Translation => step.step === 'translate');
    const translation = translations.find(({ before, packet }) => destinationOf(before) !== destinationOf(packet));
    const isReply = isAnswer(sent) || (translation === undefined && translations.some(({ by }) => by === 'conntrack'));
    const arrow = isReply ? '-->>' : '->>';
    const via = translation === undefined ? undefined : this.#kubeProxy(translation.host);
    if (via !== undefined) {
      this.#message(from, '->>', via, `${said(sent)} to ${destinationOf(sent)}`);
      this.#rules(trace, translation!, via);
    }
    switch (verdict.verdict) {
      case 'delivered': {
        const to = this.#participant(verdict.host, formatAddress(trace.seen.destination));
        const what = translation === undefined ? said(sent) : `${translation.by} ${describeTranslation(translation)}`;
        this.#message(via ?? from, arrow, to, what);
        return;
      }
      case 'rejected': {
        const by = via ?? this.#kubeProxy(verdict.host);
        if (via === undefined) this.#message(from, '->>', by, `${said(sent)} to ${destinationOf(sent)}`);
        this.#message(by, '--x', from, `${verdict.with}: ${verdict.reason}`);
        return;
      }
      case 'dropped':
      case 'unroutable': {
        const by = via ?? this.#kubeProxy(verdict.host);
        this.#message(from, '-x', by, `${said(sent)} to ${destinationOf(sent)}: ${verdict.reason}`);
        return;
      }
      default: {
        const impossible: never = verdict;
        throw new Error(`no verdict is ${JSON.stringify(impossible)}`);
      }
    }
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

function isAnswer({ payload }: Packet): boolean {
  return (
    payload?.kind === 'http-response' ||
    payload?.kind === 'icmp-error' ||
    (payload?.kind === 'dns' && payload.message.response)
  );
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
