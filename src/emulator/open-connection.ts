/** A TCP connection that stands: requests go its way, and while nobody says a word it may be forgotten on the way. */
import { ACK, type Moment, type Packet, type Payload, type Trace } from '../model/index.ts';
import type { Host, Walked } from '../packet/index.ts';
import type { SendResult } from './contract.ts';
import type { Listener } from './listeners.ts';
import { answerTo, type Sent, type Wire } from './wire.ts';

/** How long a connection is silent, and how often the client sends a keep-alive meanwhile. */
export interface Idle {
  readonly forMs: number;
  readonly keepAliveMs?: number | undefined;
}

interface OpenParts {
  readonly wire: Wire;
  readonly now: () => Moment;
  readonly wait: (ms: number) => void;
}

interface Opened {
  readonly from: Host;
  readonly request: Payload | undefined;
  readonly record: boolean;
}

/** What came of one packet of the client's and its answer. */
interface Asked {
  readonly outcome: 'answered' | 'reset' | 'lost';
  /** what the client's program has read */
  readonly result: { readonly httpStatus?: number };
}

type Ended = Pick<SendResult, 'outcome' | 'httpStatus'>;

export class OpenConnection {
  readonly #opened: Opened;
  readonly #first: Packet;
  readonly #server: Listener;
  readonly #parts: OpenParts;
  readonly #traces: Trace[];
  /** the packet that Azure has carried last */
  #last: Walked | undefined;

  constructor(opened: Opened, first: Packet, server: Listener, parts: OpenParts, traces: Trace[]) {
    this.#opened = opened;
    this.#first = first;
    this.#server = server;
    this.#parts = parts;
    this.#traces = traces;
  }

  /** Sends the request, or an acknowledgement where there is none, and the answer back: both go the way of the connection. */
  ask(request: Payload | undefined = this.#opened.request): Asked {
    const sent = this.#send(this.#opened.from, {
      ...this.#first,
      flags: ACK,
      ...(request === undefined ? {} : { payload: request }),
    });
    const { verdict, seen, host } = sent.walked;
    if (verdict.verdict !== 'delivered') return { outcome: sent.error === undefined ? 'lost' : 'reset', result: {} };
    const body = this.#server.name;
    const status = (request?.kind === 'http-request' ? this.#server.httpStatus?.(request.path) : undefined) ?? 200;
    const response: Payload | undefined = request && { kind: 'http-response', status, body };
    const answered = this.#send(host, answerTo(seen, ACK, response));
    if (answered.walked.verdict.verdict !== 'delivered') return { outcome: 'lost', result: {} };
    return { outcome: 'answered', result: request === undefined ? {} : { httpStatus: status } };
  }

  #send(from: Host, packet: Packet): Sent {
    const sent = this.#parts.wire.send(from, packet, this.#opened.record);
    this.#traces.push(...sent.traces);
    this.#last = sent.walked;
    return sent;
  }

  /** Says something, is silent for so long but for keep-alives, and says something again. */
  stayIdle({ forMs, keepAliveMs = Number.POSITIVE_INFINITY }: Idle): Ended {
    const begun = this.ask();
    if (begun.outcome !== 'answered') return ended(begun);
    const until = this.#parts.now() + forMs;
    for (let keepAliveAt = this.#parts.now() + keepAliveMs; ; ) {
      const next = Math.min(until, keepAliveAt);
      if (this.#isReset(next)) return { outcome: 'reset' };
      if (next === until) return ended(this.ask());
      const kept = this.ask(undefined);
      if (kept.outcome !== 'answered') return ended(kept);
      keepAliveAt = next + keepAliveMs;
    }
  }

  /** Lets time pass until then. True where Azure forgot the flow meanwhile, and said so. */
  #isReset(until: Moment): boolean {
    const { wire, now, wait } = this.#parts;
    const flow = this.#last && wire.carriedFlow(this.#last);
    // One millisecond before it is over the flow can still be found.
    const forgottenAt = flow === undefined ? Number.POSITIVE_INFINITY : flow.expiresAt - 1;
    if (flow === undefined || forgottenAt > until) {
      wait(until - now());
      return false;
    }
    wait(forgottenAt - now());
    const resets = wire.forget(this.#last!, flow.resets, this.#opened.record);
    for (const { trace } of resets) if (trace !== undefined) this.#traces.push(trace);
    wait(until - now());
    return resets.some(({ verdict, host }) => verdict.verdict === 'delivered' && host.name === this.#opened.from.name);
  }
}

function ended({ outcome, result }: Asked): Ended {
  if (outcome === 'answered') return { outcome: 'connected', ...result };
  return { outcome: outcome === 'reset' ? 'reset' : 'timed-out' };
}
