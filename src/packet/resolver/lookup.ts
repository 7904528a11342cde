/**
 * A lookup as glibc's stub resolver carries it out, as a state machine: it says what to send next, whoever drives it sends
 * packets and tells what came back.
 *
 * ```text
 *   candidate: my-api.default.svc.cluster.local.  my-api.svc.cluster.local.  ...  my-api.
 *      attempt: 1, 2
 *         server: 10.96.0.10, ...            answer: done    NXDOMAIN, no data: next candidate
 *                                            SERVFAIL, silence: next server, then next attempt
 * ```
 *
 * Source: glibc resolv/res_query.c (`__res_context_search`) and resolv/res_send.c (`__res_context_send`, `send_dg`).
 */
import type { DnsMessage, DnsQuestion, RecordType } from '../../model/index.ts';
import { type Candidate, plannedCandidates } from './candidates.ts';
import { beginMuslLookup, type MuslState, nextMuslStep } from './musl-lookup.ts';
import { type ResolvConf, type ResolverSettings, serversOf, settingsOf } from './resolv-conf.ts';

/** How questions of one candidate go out: at once from one socket, in turn from one, in turn from a socket each. */
export type RequestMode = 'parallel' | 'single-request' | 'single-request-reopen';

export interface LookupState {
  readonly libc: 'glibc';
  readonly conf: ResolvConf;
  readonly settings: ResolverSettings;
  readonly types: readonly RecordType[];
  readonly plan: readonly Candidate[];
  /** the server that every attempt begins with, before it is taken modulo how many there are; 0 without `rotate` */
  readonly firstServer: number;
  readonly candidate: number;
  readonly attempt: number;
  readonly server: number;
  readonly mode: RequestMode;
  readonly transport: 'udp' | 'tcp';
  /** of this candidate, so far */
  readonly sawServerFailure: boolean;
  readonly heardNothing: boolean;
  /** of all candidates, so far */
  readonly sawNoData: boolean;
  readonly anyServerFailure: boolean;
  readonly firstFailure: Failure | undefined;
}

type Failure = 'not-found' | 'no-data' | 'try-again';

export type LookupStep =
  | {
      readonly step: 'ask';
      readonly state: LookupState | MuslState;
      /** asked at the same time: glibc asks one, musl all */
      readonly servers: readonly string[];
      /** one for each type that is not answered yet */
      readonly questions: readonly DnsQuestion[];
      readonly mode: RequestMode;
      readonly transport: 'udp' | 'tcp';
      readonly timeoutMs: number;
    }
  | {
      readonly step: 'done';
      readonly outcome: 'found' | Failure;
      /** the name that was answered; undefined unless found */
      readonly answeredName?: string;
      /** what was answered, for each type asked for; empty unless found */
      readonly replies: readonly (DnsMessage | undefined)[];
    };

/** What came back for each question, in order; undefined for silence. `refused` is an ICMP port unreachable. */
export interface AskOutcome {
  readonly replies: readonly (DnsMessage | undefined)[];
  readonly refused?: boolean;
}

export interface LookupRequest {
  readonly name: string;
  /** `['A', 'AAAA']` is what getaddrinfo asks for; `['A']` keeps a trace short */
  readonly types: readonly RecordType[];
  /** with `rotate`, the server to begin with: any at first, then one further for each name that is asked for */
  readonly firstServer?: number;
  /** whose ways: glibc's where it is not given */
  readonly libc?: 'glibc' | 'musl';
}

const LEAST_TIMEOUT_SECONDS = 1;

function modeOf({ singleRequest, singleRequestReopen }: ResolverSettings): RequestMode {
  if (singleRequestReopen) return 'single-request-reopen';
  return singleRequest ? 'single-request' : 'parallel';
}

/** Doubled for each further server and shared among all, at least a second. */
function timeoutMsOf({ settings, conf, server }: LookupState): number {
  const { timeoutSeconds } = settings;
  const seconds = server === 0 ? timeoutSeconds : Math.floor((timeoutSeconds * 2 ** server) / serversOf(conf).length);
  return Math.max(seconds, LEAST_TIMEOUT_SECONDS) * 1000;
}

function ask(state: LookupState): LookupStep {
  const servers = serversOf(state.conf);
  const { name } = state.plan[state.candidate]!;
  return {
    step: 'ask',
    state,
    servers: [servers[(state.firstServer + state.server) % servers.length]!],
    questions: state.types.map((type) => ({ name, type })),
    mode: state.mode,
    transport: state.transport,
    timeoutMs: timeoutMsOf(state),
  };
}

export function beginLookup(conf: ResolvConf, request: LookupRequest): LookupStep {
  if (request.libc === 'musl') return beginMuslLookup(conf, request);
  const { name, types, firstServer = 0 } = request;
  const settings = settingsOf(conf);
  return ask({
    libc: 'glibc',
    conf,
    settings,
    types,
    plan: plannedCandidates(conf, name),
    firstServer: settings.rotate ? firstServer : 0,
    candidate: 0,
    attempt: 0,
    server: 0,
    mode: modeOf(settings),
    transport: settings.useVc ? 'tcp' : 'udp',
    sawServerFailure: false,
    heardNothing: true,
    sawNoData: false,
    anyServerFailure: false,
    firstFailure: undefined,
  });
}

function isServerFailure(reply: DnsMessage | undefined): boolean {
  return reply?.rcode === 'SERVFAIL' || reply?.rcode === 'NOTIMP' || reply?.rcode === 'REFUSED';
}

function isAnswer(reply: DnsMessage | undefined): boolean {
  return reply?.rcode === 'NOERROR' && reply.answers.length > 0;
}

/** What the search ends with: the first name's failure where it was asked as given first, else the most telling one. */
function ending(state: LookupState, last: Failure): LookupStep {
  let outcome = last;
  if (state.firstFailure !== undefined) outcome = state.firstFailure;
  else if (state.sawNoData) outcome = 'no-data';
  else if (state.anyServerFailure) outcome = 'try-again';
  return { step: 'done', outcome, replies: [] };
}

/** The next candidate after this one failed. Silence ends the search, but the name as given still gets its turn. */
function nextCandidate(state: LookupState, failure: Failure, refused: boolean): LookupStep {
  const current = state.plan[state.candidate]!;
  const searching = !current.asGiven;
  if (searching && refused) return { step: 'done', outcome: 'try-again', replies: [] };
  const serverFailure = failure === 'try-again' && state.sawServerFailure;
  const known: LookupState = {
    ...state,
    sawNoData: state.sawNoData || (searching && failure === 'no-data'),
    anyServerFailure: state.anyServerFailure || (searching && serverFailure),
    firstFailure: current.asGiven && state.candidate === 0 ? failure : state.firstFailure,
  };
  const stopsSearch = searching && failure === 'try-again' && !serverFailure;
  let candidate = state.candidate + 1;
  while (stopsSearch && candidate < state.plan.length && !state.plan[candidate]!.asGiven) candidate++;
  if (candidate >= state.plan.length) return ending(known, failure);
  const transport = state.settings.useVc ? 'tcp' : 'udp';
  const firstServer = state.settings.rotate ? state.firstServer + 1 : 0;
  const fresh = { attempt: 0, server: 0, transport, sawServerFailure: false, heardNothing: true } as const;
  return ask({ ...known, ...fresh, firstServer, candidate });
}

/** The next server, then the next attempt; when all are used up, the candidate has failed. */
function nextServer(state: LookupState): LookupStep {
  if (state.server + 1 < serversOf(state.conf).length) return ask({ ...state, server: state.server + 1 });
  if (state.attempt + 1 < state.settings.attempts) return ask({ ...state, server: 0, attempt: state.attempt + 1 });
  return nextCandidate(state, 'try-again', state.heardNothing);
}

/** A server that answers one of two questions at once may be one that cannot take two: it is asked again, one by one. */
function withLessAtOnce(mode: RequestMode): RequestMode | undefined {
  if (mode === 'parallel') return 'single-request';
  return mode === 'single-request' ? 'single-request-reopen' : undefined;
}

/** What to do after the outcome of an `ask`. */
export function nextStep(state: LookupState | MuslState, outcome: AskOutcome): LookupStep {
  if (state.libc === 'musl') return nextMuslStep(state, outcome);
  const { replies, refused = false } = outcome;
  const missing = replies.filter((reply) => reply === undefined).length;
  if (missing === replies.length) return nextServer({ ...state, heardNothing: state.heardNothing && refused });
  const heard = { ...state, heardNothing: false };
  if (state.transport === 'udp' && replies.some((reply) => reply?.truncated === true)) {
    return ask({ ...heard, transport: 'tcp' });
  }
  if (missing > 0) {
    const mode = withLessAtOnce(state.mode);
    if (mode !== undefined) return ask({ ...heard, mode });
  }
  if (replies.some(isAnswer)) {
    return { step: 'done', outcome: 'found', answeredName: state.plan[state.candidate]!.name, replies };
  }
  if (replies.some(isServerFailure)) {
    const servfail = replies.some((reply) => reply?.rcode === 'SERVFAIL');
    return nextServer({ ...heard, sawServerFailure: heard.sawServerFailure || servfail });
  }
  const exists = replies.some((reply) => reply?.rcode === 'NOERROR');
  return nextCandidate(heard, exists ? 'no-data' : 'not-found', false);
}
