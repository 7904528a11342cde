/** What people read of a mismatch: what each side saw, the rules on the emulator's way, and the case to replay it by. */
import { stringify } from 'yaml';
import type { TraceStep } from '../../src/model/index.ts';
import type { Outcome } from '../../src/packet/index.ts';
import type { Case } from './case.ts';
import type { Mismatch } from './compare.ts';
import { describeHeard, describeTuple } from './heard.ts';

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' };

const list = (lines: readonly string[]): readonly string[] =>
  (lines.length === 0 ? ['nothing'] : lines).map((line) => `    ${line}`);

export function describeMismatch({ packet, heard, expected, error, outcomes }: Mismatch): string {
  const sender = packet.mark === 0 ? packet.from : `outside through node ${packet.mark}`;
  return [
    `  packet ${packet.number}: ${PROTOCOL_NAMES[packet.protocol]} ${describeTuple(packet)} from ${sender} to ${packet.title}`,
    `  heard in Linux${error === undefined ? '' : ` (the sender's call failed: ${error})`}:`,
    ...list(heard.map(describeHeard)),
    '  heard in the emulator:',
    ...list(expected.map(describeHeard)),
    '  what the emulator holds possible:',
    ...list(outcomes.flatMap(describeOutcome)),
  ].join('\n');
}

function describeOutcome({ probability, verdict, trace }: Outcome): readonly string[] {
  const end = `${probability.toFixed(4)} ${verdict.verdict} at ${verdict.host}: ${verdict.reason}`;
  return [end, ...trace.steps.flatMap(describeRule).map((line) => `  ${line}`)];
}

function describeRule(step: TraceStep): readonly string[] {
  return step.step === 'rule' ? [`${step.host} ${step.table} ${step.rule} (${step.effect})`] : [];
}

/** The case as a file that `--replay` takes. */
export function caseText(drawn: Case): string {
  return stringify(drawn, { lineWidth: 0, collectionStyle: 'any' });
}
