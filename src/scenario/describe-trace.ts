/** A packet's way in lines: in full, host by host and rule by rule, or as where it began and ended. */
import type { Trace, TraceStep, Verdict } from '../model/index.ts';
import { describePacket, destinationOf, sourceOf } from './describe-packet.ts';

/** One line of a way: whose host it is (empty where it is the one before), and what happened there. */
export interface TraceLine {
  readonly host: string;
  readonly text: string;
  readonly kind: 'step' | 'rule' | 'translate' | 'verdict';
}

/** Every step of the way; hooks at which no rule matched are one line. */
export function describeTrace(trace: Trace): readonly TraceLine[] {
  const lines: TraceLine[] = [];
  let host = '';
  for (const step of trace.steps) {
    const at = step.step === 'forward' ? step.from : step.host;
    lines.push({ host: at === host ? '' : at, text: describeStep(step), kind: kindOf(step) });
    host = at;
  }
  const { verdict } = trace;
  lines.push({ host: verdict.host === host ? '' : verdict.host, text: describeVerdict(verdict), kind: 'verdict' });
  return lines;
}

function kindOf({ step }: TraceStep): TraceLine['kind'] {
  return step === 'rule' || step === 'policy' || step === 'decision'
    ? 'rule'
    : step === 'translate'
      ? 'translate'
      : 'step';
}

function describeStep(step: TraceStep): string {
  switch (step.step) {
    case 'send':
    case 'receive':
      return `${step.step}${step.interface === undefined ? '' : ` on ${step.interface}`}  ${describePacket(step.packet)}`;
    case 'hook':
      return `${step.hook} ${step.table}`;
    case 'rule':
      return `${step.rule.startsWith('-A ') ? '' : `${step.chain}: `}${step.rule}  ⇒ ${step.effect}`;
    case 'policy':
      return `${step.chain}: policy ${step.policy}`;
    case 'conntrack':
      return `conntrack ${step.state}`;
    case 'translate':
      return `${step.by} ${describeTranslation(step)}`;
    case 'route':
      return `route ${step.route}${step.interface === undefined ? '' : `  (out ${step.interface})`}`;
    case 'decision':
      return `${step.of}: ${step.rule}  ⇒ ${step.effect}`;
    case 'forward':
      return `to ${step.to} over ${step.over}`;
    default: {
      const impossible: never = step;
      throw new Error(`no step is ${JSON.stringify(impossible)}`);
    }
  }
}

/** `destination 10.96.0.50:80 → 10.244.1.20:8080`, and the source likewise. */
export function describeTranslation({ before, packet }: Extract<TraceStep, { step: 'translate' }>): string {
  const changes: string[] = [];
  if (sourceOf(before) !== sourceOf(packet)) changes.push(`source ${sourceOf(before)} → ${sourceOf(packet)}`);
  if (destinationOf(before) !== destinationOf(packet))
    changes.push(`destination ${destinationOf(before)} → ${destinationOf(packet)}`);
  return changes.join(', ');
}

export function describeVerdict(verdict: Verdict): string {
  const { reason } = verdict;
  switch (verdict.verdict) {
    case 'delivered':
      return `delivered to ${verdict.host}: ${reason}`;
    case 'rejected':
      return `rejected with ${verdict.with} by ${verdict.host}: ${reason}`;
    case 'dropped':
      return `dropped by ${verdict.host}: ${reason}`;
    case 'unroutable':
      return `no route on ${verdict.host}: ${reason}`;
    default: {
      const impossible: never = verdict;
      throw new Error(`no verdict is ${JSON.stringify(impossible)}`);
    }
  }
}

/** The host on which a packet began, and its translations: what the short form shows. */
export function summarizeTrace(trace: Trace): string {
  const translations = trace.steps
    .filter((step) => step.step === 'translate')
    .map((step) => `${step.by} ${describeTranslation(step)}`);
  return [describePacket(trace.sent), ...translations, describeVerdict(trace.verdict)].join('; ');
}
