/** One way in which a packet may end, in a line. */
import type { PacketOutcome } from '../emulator/index.ts';
import { formatAddress } from '../model/index.ts';
import { destinationOf, sourceOf } from './describe-packet.ts';
import { describeVerdict } from './describe-trace.ts';

/** `33.3 %: delivered to external/10.244.1.20 …; seen as 10.244.0.20:40000 → 10.244.1.20:8080` */
export function describeOutcome({ probability, verdict, seen, masqueraded, trace }: PacketOutcome): string {
  const how = `${percentText(probability)}: ${describeVerdict(verdict)}`;
  if (verdict.verdict !== 'delivered') return how;
  // MASQUERADE --random-fully: any port is as likely as the one in the trace.
  const isByChance = seen.sourcePort !== trace.sent.sourcePort;
  const source = isByChance ? `${formatAddress(seen.source)} (its port by chance)` : sourceOf(seen);
  return `${how}; seen as ${source} → ${destinationOf(seen)}${masqueraded ? ', masqueraded' : ''}`;
}

/** Probabilities are kept in 31 bits: what differs from a whole number only by that is one. */
function percentText(probability: number): string {
  const percent = (100 * probability).toFixed(1);
  return `${percent.replace(/\.0$/, '')} %`;
}
