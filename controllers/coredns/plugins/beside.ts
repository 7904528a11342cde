/**
 * Plugins that stand beside the way of a query and serve HTTP, or nothing: they are read and checked, and pass queries on.
 *
 * Source: CoreDNS plugin/{health,ready,debug}/setup.go.
 */
import { wrongArguments } from '../corefile/error.ts';
import type { Directive } from '../corefile/parse.ts';
import type { Handler, Plugin } from '../plugin.ts';
import { argumentsOf, durationMsOf, onlyOne } from './options.ts';

const pass = (next: Handler): Handler => next;

function takesNothing({ arguments: found }: Directive): void {
  if (found[0] !== undefined) throw wrongArguments(found[0]);
}

export const health: Plugin = {
  name: 'health',
  setup(directives) {
    const { arguments: found, block = [] } = onlyOne(directives);
    if (found.length > 1) throw wrongArguments(found[1]!);
    for (const line of block) {
      if (line.option.text !== 'lameduck') throw wrongArguments(line.option);
      durationMsOf(argumentsOf(line, 1)[0]!);
    }
    return { handler: pass };
  },
};

export const ready: Plugin = {
  name: 'ready',
  setup(directives) {
    const { arguments: found } = onlyOne(directives);
    if (found.length > 1) throw wrongArguments(found[1]!);
    return { handler: pass };
  },
};

export const debug: Plugin = {
  name: 'debug',
  setup(directives) {
    for (const directive of directives) takesNothing(directive);
    return { handler: pass };
  },
};
