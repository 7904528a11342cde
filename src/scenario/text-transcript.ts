/**
 * A run as people read it: virtual time, each step, each event and who was woken by it, each packet's way.
 * The same run gives the same bytes.
 */
import type { Happening, ResolveResult, SendResult } from '../emulator/index.ts';
import type { KubeProxyProfile, Moment, Trace } from '../model/index.ts';
import { describeChange } from './describe-change.ts';
import { describeIntents } from './describe-intent.ts';
import { describeDns } from './describe-packet.ts';
import { describeStep } from './describe-step.ts';
import { describeTrace, summarizeTrace, type TraceLine } from './describe-trace.ts';
import { formatDuration } from './duration.ts';
import type { Entry, SentSummary } from './entry.ts';
import { formatProblem } from './problem.ts';
import type { Scenario } from './read-scenario.ts';

/** Colours, or none: each takes a text and gives it back, dressed or as it is. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const plain = (text: string) => text;
export const NO_PAINT: Paint = { bold: plain, dim: plain, red: plain, green: plain, cyan: plain };

export interface TextOptions {
  /** whether every hook and rule of a packet's way is shown, or only where it began and ended */
  readonly trace: boolean;
  /** whether only steps and what came of them are shown, and nothing of what happens in between */
  readonly steps?: boolean;
  readonly paint?: Paint;
}

const CAUSES_MAX = 4;
const HOST_WIDTH = 40;

/** `in ipvs mode, scheduler rr` */
function describeKubeProxy({ enabled, mode, ipvsConfig }: KubeProxyProfile): string {
  if (!enabled) return 'is not there';
  return `in ${mode} mode${ipvsConfig === undefined ? '' : `, scheduler ${ipvsConfig.scheduler}`}`;
}

export class TextTranscript {
  readonly #write: (line: string) => void;
  readonly #trace: boolean;
  readonly #steps: boolean;
  readonly #paint: Paint;
  /** what each revision was about, so that a reconcile can say what woke it */
  readonly #revisions = new Map<number, { readonly kind: string; readonly key: string }>();

  constructor(write: (line: string) => void, { trace, steps = false, paint = NO_PAINT }: TextOptions) {
    this.#write = write;
    this.#trace = trace;
    this.#steps = steps;
    this.#paint = paint;
  }

  add(entry: Entry): void {
    switch (entry.what) {
      case 'scenario':
        this.#scenario(entry.scenario);
        return;
      case 'step':
        this.#write('');
        this.#line(entry.at, this.#paint.bold(`step ${entry.index + 1} of ${entry.of}: ${describeStep(entry.step)}`));
        return;
      case 'settled':
        this.#line(
          entry.at,
          `  settled at revision ${entry.report.revision} after ${entry.report.reconciles} reconciles`,
        );
        return;
      case 'advanced':
        this.#line(entry.at, `  at revision ${entry.report.revision} after ${entry.report.reconciles} reconciles`);
        return;
      case 'resolved':
        this.resolved(entry.at, entry.result);
        return;
      case 'sent':
        this.#sent(entry.at, entry.sent);
        return;
      case 'expectation':
        this.#line(
          entry.at,
          entry.met ? this.#paint.green(`  ok: ${entry.text}`) : this.#paint.red(`  FAILED: expected ${entry.text}`),
        );
        return;
      case 'failure':
        this.#line(entry.at, this.#paint.red(`  FAILED: ${formatProblem(entry.problem)}`));
        return;
      case 'end':
        this.#write('');
        this.#line(entry.at, this.#paint.bold(`end: ${entry.expectations} expectations, ${entry.failures} failed`));
        return;
      default:
        if (!this.#steps) this.#happening(entry);
        return;
    }
  }

  #line(at: Moment, text: string): void {
    this.#write(`${this.#paint.dim(`${(at / 1000).toFixed(3).padStart(10)}s`)} ${text}`);
  }

  #detail(text: string): void {
    this.#write(`${' '.repeat(12)}${text}`);
  }

  #scenario({ name, title, seed, settings }: Scenario): void {
    const { networkProfile, virtualNetwork, agentPoolProfiles } = settings;
    this.#write(this.#paint.bold(title === undefined ? name : `${name}: ${title}`));
    const pools = agentPoolProfiles.map((pool) => `${pool.name} ${pool.count} nodes in ${pool.vnetSubnet}`).join(', ');
    const subnets = virtualNetwork.subnets.map((subnet) => `${subnet.name} ${subnet.addressPrefix}`).join(', ');
    this.#write(
      `seed ${seed}; virtual network ${virtualNetwork.addressPrefixes.join(', ')}; subnets ${subnets}; ${pools}`,
    );
    const { podCidr = 'none', serviceCidr, dnsServiceIP, kubeProxyConfig } = networkProfile;
    const mode = kubeProxyConfig === undefined ? '' : `; kube-proxy ${describeKubeProxy(kubeProxyConfig)}`;
    this.#write(`podCidr ${podCidr}; serviceCidr ${serviceCidr}; dnsServiceIP ${dnsServiceIP}${mode}`);
  }

  #happening(happening: Happening): void {
    const { at } = happening;
    switch (happening.what) {
      case 'event': {
        const { revision, type, kind, key, by } = happening;
        this.#revisions.set(revision, { kind, key });
        const change = describeChange(happening);
        this.#line(at, `  event ${revision}: ${kind} ${key} ${type} by ${by}${change === '' ? '' : `: ${change}`}`);
        return;
      }
      case 'reconcile': {
        const { controller, key, because, intents } = happening;
        const what = `  reconcile ${controller} ${key} ${this.#causes(because, key)}: ${describeIntents(intents)}`;
        this.#line(at, intents.length === 0 ? this.#paint.dim(what) : this.#paint.cyan(what));
        return;
      }
      case 'refused':
        this.#line(
          at,
          this.#paint.red(
            `  refused ${happening.by} ${happening.key}: ${happening.status.code} ${happening.status.message}`,
          ),
        );
        return;
      case 'fault':
        this.#line(at, this.#paint.red(`  fault ${happening.fault}${happening.healed ? ' healed' : ''}`));
        return;
      case 'log':
        this.#line(at, `  log ${happening.program}: ${happening.line}`);
        return;
      default: {
        const impossible: never = happening;
        throw new Error(`no happening is ${JSON.stringify(impossible)}`);
      }
    }
  }

  /** Events about one object together, and its name only where it is not the reconciled one. */
  #causes(because: readonly number[], key: string): string {
    if (because.length === 0) return '(timer or retry)';
    const groups = new Map<string, number[]>();
    for (const revision of because) {
      const about = this.#revisions.get(revision);
      const name = about === undefined ? '' : about.key === key ? about.kind : `${about.kind} ${about.key}`;
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [revision]);
      else group.push(revision);
    }
    const shown = [...groups]
      .slice(0, CAUSES_MAX)
      .map(([name, revisions]) => `${revisions.join(', ')} ${name}`.trimEnd());
    const more = groups.size - CAUSES_MAX;
    return `(woken by ${shown.join('; ')}${more > 0 ? ` and ${more} more` : ''})`;
  }

  /** What a look-up read, asked and heard. */
  resolved(at: Moment, { resolvConf, exchanges, rcode, addresses, tookMs, answeredName }: ResolveResult): void {
    if (this.#trace) for (const line of resolvConf.trimEnd().split('\n')) this.#detail(`  resolv.conf: ${line}`);
    for (const { query, handshake = [], request, response, reply } of exchanges) {
      this.#line(at, `  DNS ${describeDns(query)}: ${response === undefined ? 'no answer' : describeDns(response)}`);
      for (const trace of handshake) this.way('connection', trace);
      this.way('query', request);
      if (reply !== undefined) this.way('answer', reply);
    }
    const name = answeredName === undefined ? '' : ` for ${answeredName}`;
    const found = addresses.length === 0 ? '' : ` ${addresses.join(', ')}`;
    const after = tookMs === 0 ? '' : ` after ${formatDuration(tookMs)}`;
    this.#line(at, `  resolved: ${rcode}${found}${name}${after}`);
  }

  #sent(at: Moment, { first, count, tally }: SentSummary): void {
    this.sent(at, first);
    if (count === 1) return;
    this.#line(at, `  ${count} connections:`);
    for (const [end, connections] of tally)
      this.#detail(`  ${end.padEnd(HOST_WIDTH)} ${connections} (${((100 * connections) / count).toFixed(1)} %)`);
  }

  /** One connection: its look-up, the way of each of its packets, and what the sender's program saw. */
  sent(at: Moment, { resolve, traces, outcome, deliveredTo, sourceSeen, answeredFrom, httpStatus }: SendResult): void {
    if (resolve !== undefined) this.resolved(at, resolve);
    for (const [i, trace] of traces.entries()) this.way(`packet ${i + 1}`, trace);
    const parts = [
      `  outcome: ${outcome}`,
      ...(deliveredTo === undefined ? [] : [`delivered to ${deliveredTo}`]),
      ...(sourceSeen === undefined ? [] : [`which saw ${sourceSeen}`]),
      ...(answeredFrom === undefined ? [] : [`answered from ${answeredFrom}`]),
      ...(httpStatus === undefined ? [] : [`HTTP ${httpStatus}`]),
    ];
    this.#line(at, parts.join(', '));
  }

  /** One packet's way, host by host. */
  way(title: string, trace: Trace): void {
    if (!this.#trace) {
      this.#detail(`  ${title}: ${summarizeTrace(trace)}`);
      return;
    }
    this.#detail(this.#paint.bold(`  ${title}`));
    for (const line of describeTrace(trace)) this.#detail(`    ${line.host.padEnd(HOST_WIDTH)} ${this.#dressed(line)}`);
  }

  #dressed({ text, kind }: TraceLine): string {
    switch (kind) {
      case 'rule':
        return `  ${this.#paint.dim(text)}`;
      case 'translate':
        return this.#paint.cyan(text);
      case 'verdict':
        return this.#paint.bold(text);
      default:
        return text;
    }
  }
}
