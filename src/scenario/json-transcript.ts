/** A run as programs read it: one JSON object a line, one line for each entry. */
import { formatAddress, type Packet } from '../model/index.ts';
import { describeStep } from './describe-step.ts';
import type { Entry } from './entry.ts';
import { formatProblem } from './problem.ts';

/** The line for an entry. Addresses of packets are written as text; an entry of a step carries the step's own words. */
export function jsonLine(entry: Entry): string {
  switch (entry.what) {
    case 'scenario': {
      const { name, title, seed, settings } = entry.scenario;
      return JSON.stringify({ what: entry.what, name, title, seed, settings });
    }
    case 'step':
      return JSON.stringify({
        what: entry.what,
        at: entry.at,
        index: entry.index,
        of: entry.of,
        step: describeStep(entry.step),
      });
    case 'failure':
      return JSON.stringify({ what: entry.what, at: entry.at, problem: formatProblem(entry.problem) });
    default:
      return JSON.stringify(entry, readable);
  }
}

/** As `jsonLine`, for traces outside of a run. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, readable);
}

function readable(this: unknown, key: string, value: unknown): unknown {
  if ((key === 'source' || key === 'destination') && typeof value === 'number' && isPacket(this))
    return formatAddress(value);
  return value;
}

function isPacket(value: unknown): value is Packet {
  return typeof value === 'object' && value !== null && 'sourcePort' in value && 'destinationPort' in value;
}
