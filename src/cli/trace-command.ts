/** `orrery trace FILE --from pod/a --to http://b/`: runs a script, then follows one request. */
import { NoSuchTargetError, type SendResult } from '../emulator/index.ts';
import {
  type EmulatedCluster,
  jsonOf,
  parseReference,
  parseTarget,
  replay,
  SequenceDiagram,
  TextTranscript,
} from '../scenario/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { paintFor } from './paint.ts';
import type { Format } from './printer.ts';
import { readScript, type ScriptFlags } from './script-file.ts';

export interface TraceFlags extends ScriptFlags {
  readonly from: string;
  readonly to: string;
  readonly format: Format;
}

/** Senders outside of the cluster are named by their address. */
const EXTERNAL = 'external/';

export function traceCommand(file: string, flags: TraceFlags, console: Console): ExitCode {
  const { from, to, format } = flags;
  const sender = from.startsWith(EXTERNAL) ? undefined : parseReference(from);
  if (typeof sender === 'string') throw new UsageError(`orrery: --from ${from}: ${sender}`);
  const target = parseTarget(to);
  if (typeof target === 'string') throw new UsageError(`orrery: --to ${to}: ${target}`);
  const { cluster } = replay(readScript(file, flags, console));
  if (sender !== undefined && cluster.get(sender.kind, sender.key) === undefined)
    throw new UsageError(`orrery: --from ${from}: ${file} ends without such a ${sender.kind}`);
  const result = sent(cluster, from, to);
  const write = (line: string) => console.stdout(`${line}\n`);
  switch (format) {
    case 'text':
      new TextTranscript(write, { trace: true, paint: paintFor(console.isStdoutTerminal) }).sent(cluster.now, result);
      break;
    case 'json':
      write(jsonOf(result));
      break;
    case 'mermaid': {
      const diagram = new SequenceDiagram(`${from} to ${to}`);
      diagram.addSend(result);
      write(diagram.text());
      break;
    }
    default: {
      const impossible: never = format;
      throw new Error(`no format is ${String(impossible)}`);
    }
  }
  return 0;
}

function sent(cluster: EmulatedCluster, from: string, to: string): SendResult {
  try {
    return cluster.send({ from, to });
  } catch (error) {
    if (error instanceof NoSuchTargetError) throw new UsageError(`orrery: --from ${from}: ${error.message}`);
    throw error;
  }
}
