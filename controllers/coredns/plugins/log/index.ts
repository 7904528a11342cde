/** log: a line for each query that is answered. Source: CoreDNS plugin/log. */
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { Directive } from '../../corefile/parse.ts';
import { writtenReply } from '../../message.ts';
import type { Plugin } from '../../plugin.ts';
import { type ResponseType, responseType } from '../../response-type.ts';
import { inZone, normalName } from '../../zones.ts';
import { unknownOption } from '../options.ts';
import { COMBINED_FORMAT, COMMON_FORMAT, formatLine } from './format.ts';

type ResponseClass = 'success' | 'denial' | 'error';

interface Rule {
  readonly scope: string;
  readonly format: string;
  readonly classes: ReadonlySet<string>;
}

const CLASSES: ReadonlySet<string> = new Set(['all', 'success', 'denial', 'error']);

function classOf(type: ResponseType): ResponseClass {
  if (type === 'NOERROR' || type === 'DELEGATION') return 'success';
  return type === 'NXDOMAIN' || type === 'NODATA' ? 'denial' : 'error';
}

function classesOf({ block = [] }: Directive): ReadonlySet<string> {
  const classes = new Set<string>();
  for (const line of block) {
    if (line.option.text !== 'class') throw unknownOption(line);
    if (line.arguments.length === 0) throw wrongArguments(line.option);
    for (const token of line.arguments) {
      if (!CLASSES.has(token.text)) throw new CorefileError(token, `invalid Class: ${token.text}`);
      classes.add(token.text);
    }
  }
  return classes.size === 0 ? new Set(['all']) : classes;
}

/** `log [NAMES] [FORMAT] { class ... }`: a last argument with a brace is a format, where there are several. */
function rulesOf(directive: Directive): readonly Rule[] {
  const classes = classesOf(directive);
  const found = directive.arguments.map(({ text }) => text);
  const last = found.at(-1);
  const isFormat = found.length > 1 && last?.includes('{') === true;
  const format = isFormat
    ? last!.replaceAll('{common}', COMMON_FORMAT).replaceAll('{combined}', COMBINED_FORMAT)
    : COMMON_FORMAT;
  const names = isFormat ? found.slice(0, -1) : found;
  return (names.length === 0 ? ['.'] : names).map((name) => ({ scope: normalName(name), format, classes }));
}

export const log: Plugin = {
  name: 'log',
  setup(directives) {
    const rules = directives.flatMap(rulesOf);
    return {
      handler: (next) => (request, context) => {
        const rule = rules.find(({ scope }) => inZone(request.lowerName, scope));
        if (rule === undefined) return next(request, context);
        const beganAt = context.at;
        const answer = next(request, context);
        const reply = writtenReply(request, answer);
        const { classes, format } = rule;
        if (classes.has('all') || classes.has(classOf(responseType(reply, context.at)))) {
          context.log?.(`[INFO] ${formatLine(format, { request, context, reply, beganAt })}`);
        }
        return answer;
      },
    };
  },
};
