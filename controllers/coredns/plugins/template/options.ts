/** One template's block. Source: CoreDNS plugin/template/setup.go. */
import { CLASS_NUMBERS, RCODE_NUMBERS, type Rcode, RECORD_TYPE_NUMBERS } from '../../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { Directive, OptionLine } from '../../corefile/parse.ts';
import type { Token } from '../../corefile/tokens.ts';
import type { PluginSetup } from '../../plugin.ts';
import { originsOf } from '../../zones.ts';
import { argumentsOf, fallthroughOf, patternOf } from '../options.ts';
import { readTemplateText, type TemplateText, TemplateTextError } from './text.ts';

export interface TemplatePattern {
  readonly pattern: RegExp;
  /** as the Corefile spells it */
  readonly text: string;
}

export interface Template {
  readonly zones: readonly string[];
  /** `ANY` for every class, or type */
  readonly class: string;
  readonly type: string;
  readonly patterns: readonly TemplatePattern[];
  readonly rcode: Rcode;
  readonly answers: readonly TemplateText[];
  readonly additionals: readonly TemplateText[];
  readonly authorities: readonly TemplateText[];
  readonly fallthrough: readonly string[];
}

const PATTERN_LENGTH_MAX = 10_000;
const MANY = Number.POSITIVE_INFINITY;
const EVERYTHING: TemplatePattern = { pattern: /.*/, text: '.*' };

function templatePatternOf(token: Token): TemplatePattern {
  const { text } = token;
  if (text.length > PATTERN_LENGTH_MAX) {
    throw new CorefileError(token, `regex pattern too long: ${text.length} > ${PATTERN_LENGTH_MAX}`);
  }
  return { pattern: patternOf(token), text };
}

function textsOf(line: OptionLine): readonly TemplateText[] {
  return argumentsOf(line, 1, MANY).map((token) => {
    try {
      return readTemplateText(token.text);
    } catch (error) {
      if (error instanceof TemplateTextError) throw new CorefileError(token, `plugin/template: ${error.message}`);
      throw error;
    }
  });
}

function rcodeOf(line: OptionLine): Rcode {
  const code = argumentsOf(line, 1, MANY)[0]!;
  if (!Object.hasOwn(RCODE_NUMBERS, code.text)) throw new CorefileError(code, `unknown rcode ${code.text}`);
  return code.text as Rcode;
}

type Draft = { -readonly [Field in keyof Template]: Template[Field] };

function setOption(draft: Draft, line: OptionLine): void {
  switch (line.option.text) {
    case 'match':
      draft.patterns = [...draft.patterns, ...argumentsOf(line, 1, MANY).map(templatePatternOf)];
      break;
    case 'answer':
      draft.answers = [...draft.answers, ...textsOf(line)];
      break;
    case 'additional':
      draft.additionals = [...draft.additionals, ...textsOf(line)];
      break;
    case 'authority':
      draft.authorities = [...draft.authorities, ...textsOf(line)];
      break;
    case 'rcode':
      draft.rcode = rcodeOf(line);
      break;
    case 'fallthrough':
      draft.fallthrough = fallthroughOf(line);
      break;
    case 'upstream':
      // Old Corefiles have it; it says nothing any more.
      break;
    case 'ederror':
    case 'var':
    case 'expr':
      throw new CorefileError(line.option, `plugin/template: option '${line.option.text}' is not emulated yet`);
    default:
      throw wrongArguments(line.option);
  }
}

export function readTemplate({ name, arguments: found, block = [] }: Directive, setup: PluginSetup): Template {
  const [queryClass, type, ...zones] = found;
  if (queryClass === undefined || type === undefined) throw wrongArguments(found.at(-1) ?? name);
  if (!Object.hasOwn(CLASS_NUMBERS, queryClass.text)) {
    throw new CorefileError(queryClass, `invalid query class ${queryClass.text}`);
  }
  if (!RECORD_TYPE_NUMBERS.has(type.text)) throw new CorefileError(type, `invalid RR class ${type.text}`);
  const names = zones.map((token) => token.text);
  const draft: Draft = {
    zones: originsOf(names, setup.zones),
    class: queryClass.text,
    type: type.text,
    patterns: [],
    rcode: 'NOERROR',
    answers: [],
    additionals: [],
    authorities: [],
    fallthrough: [],
  };
  for (const line of block) setOption(draft, line);
  return draft.patterns.length === 0 ? { ...draft, patterns: [EVERYTHING] } : draft;
}
