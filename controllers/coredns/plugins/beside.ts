/**
 * Plugins that stand beside the way of a query: they log, count or serve HTTP. They are read and checked, and pass queries on.
 *
 * Source: CoreDNS plugin/{errors,log,health,ready,metrics,loop,reload,debug}/setup.go.
 */
import { CorefileError, wrongArguments } from '../corefile/error.ts';
import type { Directive } from '../corefile/parse.ts';
import { writtenReply } from '../message.ts';
import type { Handler, Plugin } from '../plugin.ts';
import { argumentsOf, durationMsOf, onlyOne, unknownOption } from './options.ts';

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

export const prometheus: Plugin = {
  name: 'prometheus',
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

export const errors: Plugin = {
  name: 'errors',
  setup(directives) {
    const { arguments: found, block = [] } = onlyOne(directives);
    // One argument is old and means standard output.
    if (found.length > 1 || (found[0] !== undefined && found[0].text !== 'stdout')) throw wrongArguments(found.at(-1)!);
    for (const line of block) {
      if (line.option.text === 'stacktrace') argumentsOf(line, 0);
      else if (line.option.text === 'consolidate') durationMsOf(argumentsOf(line, 2, 4)[0]!);
      else throw unknownOption(line);
    }
    return { handler: pass };
  },
};

/** One line for each query answered, in CoreDNS's common form, without sizes and times, which no packet here has. */
export const log: Plugin = {
  name: 'log',
  setup(directives) {
    if (directives.some(({ block = [] }) => block.some(({ option }) => option.text !== 'class'))) {
      throw new CorefileError(directives[0]!.name, 'plugin/log: only the option class is known');
    }
    return {
      handler: (next) => (request, context) => {
        const reply = next(request, context);
        const { rcode } = writtenReply(request, reply);
        context.log?.(`[INFO] ${request.id} "${request.type} IN ${request.name}" ${rcode}`);
        return reply;
      },
    };
  },
};
