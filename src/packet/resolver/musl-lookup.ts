/**
 * A lookup as musl's resolver carries it out: every server is asked at once, the first usable answer counts, a name with enough
 * dots is never searched for, and the search goes on after NXDOMAIN only.
 *
 * Source: musl src/network/{lookup_name,res_msend,resolvconf}.c, 1.2.4 and later (which ask again over TCP).
 */
import type { DnsMessage, RecordType } from '../../model/index.ts';
import type { AskOutcome, LookupRequest, LookupStep } from './lookup.ts';
import { type ResolvConf, serversOf, settingsOf } from './resolv-conf.ts';

const TIMEOUT_SECONDS_MAX = 60;
const ATTEMPTS_MAX = 10;

export interface MuslState {
  readonly libc: 'musl';
  readonly conf: ResolvConf;
  readonly types: readonly RecordType[];
  /** with their final dots */
  readonly names: readonly string[];
  readonly candidate: number;
  readonly attempt: number;
  readonly transport: 'udp' | 'tcp';
  /** how often a server that answered SERVFAIL is asked again at once */
  readonly retries: number;
  /** for each type, what was answered so far */
  readonly replies: readonly (DnsMessage | undefined)[];
}

/** `ndots` is compared with the dots of the name, and a final dot asks for that name alone. */
function namesOf(conf: ResolvConf, name: string): readonly string[] {
  const given = name.endsWith('.') ? name : `${name}.`;
  const dots = name.split('.').length - 1;
  if (name.endsWith('.') || dots >= settingsOf(conf).ndots) return [given];
  return [...conf.searches.map((domain) => `${given}${domain.replace(/\.$/, '')}.`), given];
}

function timingOf(conf: ResolvConf): { readonly attempts: number; readonly timeoutMs: number } {
  const { attempts, timeoutSeconds } = settingsOf(conf, {
    attempts: ATTEMPTS_MAX,
    timeoutSeconds: TIMEOUT_SECONDS_MAX,
  });
  const times = Math.max(attempts, 1);
  return { attempts: times, timeoutMs: Math.floor((timeoutSeconds * 1000) / times) };
}

/** Only what is not answered yet is asked for. */
function ask(state: MuslState): LookupStep {
  const name = state.names[state.candidate]!;
  return {
    step: 'ask',
    state,
    servers: serversOf(state.conf),
    questions: state.types.filter((_, i) => state.replies[i] === undefined).map((type) => ({ name, type })),
    mode: 'parallel',
    transport: state.transport,
    timeoutMs: timingOf(state.conf).timeoutMs,
  };
}

function candidateOf(state: MuslState, candidate: number): LookupStep {
  const { types } = state;
  const replies = types.map(() => undefined);
  return ask({ ...state, candidate, attempt: 0, transport: 'udp', retries: 2 * types.length, replies });
}

export function beginMuslLookup(conf: ResolvConf, { name, types }: LookupRequest): LookupStep {
  const names = namesOf(conf, name);
  const fresh = { libc: 'musl', conf, types, names, candidate: 0, attempt: 0, transport: 'udp', retries: 0 } as const;
  return candidateOf({ ...fresh, replies: [] }, 0);
}

/** Other codes are as silence: musl waits for a better answer. */
function isUsable(reply: DnsMessage | undefined): reply is DnsMessage {
  return reply?.rcode === 'NOERROR' || reply?.rcode === 'NXDOMAIN';
}

export function nextMuslStep(state: MuslState, outcome: AskOutcome): LookupStep {
  const heard = [...outcome.replies];
  const replies = state.replies.map((known) => {
    if (known !== undefined) return known;
    const reply = heard.shift();
    return isUsable(reply) ? reply : undefined;
  });
  const next = { ...state, replies };
  const isCut = replies.some((reply) => reply?.truncated === true);
  if (isCut && state.transport === 'udp') {
    const whole = replies.map((reply) => (reply?.truncated === true ? undefined : reply));
    return ask({ ...next, replies: whole, transport: 'tcp' });
  }
  if (replies.every((reply) => reply !== undefined)) return concluded(next);
  const failed = outcome.replies.some((reply) => reply?.rcode === 'SERVFAIL');
  if (failed && state.retries > 0) return ask({ ...next, retries: state.retries - 1 });
  if (state.attempt + 1 < timingOf(state.conf).attempts) return ask({ ...next, attempt: state.attempt + 1 });
  return concluded(next);
}

/** Any address is a success; else the answer to the first question decides. */
function concluded(state: MuslState): LookupStep {
  const { replies, names, candidate } = state;
  if (replies.some((reply) => reply !== undefined && reply.answers.length > 0))
    return { step: 'done', outcome: 'found', answeredName: names[candidate]!, replies };
  switch (replies[0]?.rcode) {
    case undefined:
      return { step: 'done', outcome: 'try-again', replies: [] };
    case 'NOERROR':
      return { step: 'done', outcome: 'no-data', replies: [] };
    default:
      if (candidate + 1 < names.length) return candidateOf(state, candidate + 1);
      return { step: 'done', outcome: 'not-found', replies: [] };
  }
}
