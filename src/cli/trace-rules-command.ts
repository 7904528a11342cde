/** `orrery trace --rules FILE --addresses FILE --packet TEXT`: one packet through rules that were read from a file. */
import { outcomesThrough, type PacketOutcome } from '../emulator/index.ts';
import type { Packet } from '../model/index.ts';
import { describeOutcome, jsonOf, parsePacket, TextTranscript } from '../scenario/index.ts';
import { readAddresses } from './addresses-file.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { paintFor } from './paint.ts';
import type { Format } from './printer.ts';
import { readFileNamed } from './script-file.ts';

export interface TraceRulesFlags {
  readonly rules: string;
  readonly addresses: string;
  readonly packet: string;
  readonly format: Format;
}

export function traceRulesCommand(flags: TraceRulesFlags, console: Console): ExitCode {
  const packet = parsePacket(flags.packet);
  if (typeof packet === 'string') throw new UsageError(`orrery: --packet: ${packet}`);
  const found = outcomesOf(flags, packet, console);
  switch (flags.format) {
    case 'text':
      printText(found, console);
      return 0;
    case 'json':
      console.stdout(`${jsonOf({ packet, outcomes: found })}\n`);
      return 0;
    case 'mermaid':
      throw new UsageError('orrery: trace --rules prints text or json, not mermaid');
    default:
      throw new Error(`no format is ${String(flags.format satisfies never)}`);
  }
}

function outcomesOf(flags: TraceRulesFlags, packet: Packet, console: Console): readonly PacketOutcome[] {
  const addresses = readAddresses(readFileNamed(flags.addresses, console));
  if ('message' in addresses) throw new UsageError(`${flags.addresses}:${addresses.line}: ${addresses.message}`);
  const rules = readFileNamed(flags.rules, console);
  if (rules.trim() === '') throw new UsageError(`${flags.rules}: is empty, not what iptables-save or nft prints`);
  const found = outcomesThrough({ rules, addresses }, packet);
  if ('message' in found) throw new UsageError(`${flags.rules}:${found.line}: ${found.message}`);
  return found;
}

/** Each way in which the packet may end, the likeliest of a kind walked in full. */
function printText(found: readonly PacketOutcome[], console: Console): void {
  const paint = paintFor(console.isStdoutTerminal);
  const write = (line: string) => console.stdout(`${line}\n`);
  const transcript = new TextTranscript(write, { trace: true, paint });
  write(found.length === 1 ? 'one outcome' : `${found.length} outcomes`);
  for (const [i, outcome] of found.entries()) {
    write('');
    write(paint.bold(`${i + 1}. ${describeOutcome(outcome)}`));
    transcript.way('packet', outcome.trace);
  }
}
