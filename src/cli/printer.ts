/** A run printed in one of the formats. */
import { type Entry, jsonLine, SequenceDiagram, TextTranscript } from '../scenario/index.ts';
import { paintFor } from './paint.ts';

export type Format = 'text' | 'json' | 'mermaid';

export interface Printer {
  add(entry: Entry): void;
  /** what can only be printed when all is known */
  end(): void;
}

export function printerOf(
  format: Format,
  options: { readonly trace: boolean; readonly steps?: boolean; readonly colour: boolean },
  write: (line: string) => void,
): Printer {
  switch (format) {
    case 'text': {
      const transcript = new TextTranscript(write, {
        trace: options.trace,
        steps: options.steps ?? false,
        paint: paintFor(options.colour),
      });
      return { add: (entry) => transcript.add(entry), end: () => {} };
    }
    case 'json':
      return { add: (entry) => write(jsonLine(entry)), end: () => {} };
    case 'mermaid':
      return mermaidPrinter(write);
    default: {
      const impossible: never = format;
      throw new Error(`no format is ${String(impossible)}`);
    }
  }
}

/** The look-ups and requests of a run, in one diagram. */
function mermaidPrinter(write: (line: string) => void): Printer {
  let diagram = new SequenceDiagram('');
  return {
    add: (entry) => {
      if (entry.what === 'scenario') diagram = new SequenceDiagram(entry.scenario.title ?? entry.scenario.name);
      if (entry.what === 'resolved') diagram.addResolve(entry.result);
      if (entry.what === 'sent') diagram.addSend(entry.sent.first);
    },
    end: () => write(diagram.text()),
  };
}
