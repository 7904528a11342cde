/** errors: a line for each query that fails, or one for all that fail alike. Source: CoreDNS plugin/errors. */
import { type Moment, RCODE_NUMBERS } from '../../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { OptionLine } from '../../corefile/parse.ts';
import { type DnsContext, type DnsRequest, type Failure, isMessage, type Memory, type Plugin } from '../../plugin.ts';
import { argumentsOf, durationMsOf, onlyOne, patternOf, unknownOption } from '../options.ts';

const LEVELS = { warning: 'WARNING', error: 'ERROR', info: 'INFO', debug: 'DEBUG' } as const;
type Level = (typeof LEVELS)[keyof typeof LEVELS];

/** Errors that are told together: how many there were, once every so often. */
interface Consolidation {
  /** as the Corefile writes it */
  readonly period: string;
  readonly periodMs: number;
  readonly pattern: RegExp;
  readonly text: string;
  readonly level: Level;
  readonly showsFirst: boolean;
}

/** `consolidate DURATION REGEXP [LEVEL] [show_first]` */
function consolidationOf(line: OptionLine): Consolidation {
  const [period, pattern, ...rest] = argumentsOf(line, 2, 4);
  let level: Level | undefined;
  let showsFirst = false;
  for (const token of rest) {
    if (token.text === 'show_first') showsFirst = true;
    else if (!Object.hasOwn(LEVELS, token.text)) {
      throw new CorefileError(token, `unknown option in consolidate: ${token.text}`);
    } else if (level !== undefined) {
      throw new CorefileError(token, 'multiple log levels specified in consolidate');
    } else if (showsFirst) {
      throw new CorefileError(token, 'log level must come before show_first in consolidate');
    } else level = LEVELS[token.text as keyof typeof LEVELS];
  }
  return {
    period: period!.text,
    periodMs: durationMsOf(period!),
    pattern: patternOf(pattern!),
    text: pattern!.text,
    level: level ?? 'ERROR',
    showsFirst,
  };
}

class ErrorsMemory implements Memory {
  /** for each consolidation: the errors since it began to count, and when it tells them */
  readonly counts: { count: number; tellsAt: Moment | undefined }[];

  constructor(counts: ErrorsMemory['counts']) {
    this.counts = counts;
  }

  copy(): ErrorsMemory {
    return new ErrorsMemory(this.counts.map((one) => ({ ...one })));
  }
}

function tell(level: Level, line: string, { log }: DnsContext): void {
  log?.(`[${level}] plugin/errors: ${line}`);
}

function fail(
  { failed, error }: Failure,
  { lowerName, type }: DnsRequest,
  context: DnsContext,
  consolidations: readonly Consolidation[],
  memory: ErrorsMemory,
): void {
  const i = consolidations.findIndex(({ pattern }) => pattern.test(error));
  const consolidation = consolidations[i];
  if (consolidation !== undefined) {
    const counted = memory.counts[i]!;
    counted.count++;
    counted.tellsAt ??= context.at + consolidation.periodMs;
    if (counted.count > 1 || !consolidation.showsFirst) return;
  }
  tell(consolidation?.level ?? 'ERROR', `${RCODE_NUMBERS[failed]} ${lowerName} ${type}: ${error}`, context);
}

/** Tells what was counted over the periods that have ended. */
function tellCounts(memory: ErrorsMemory, consolidations: readonly Consolidation[], context: DnsContext): void {
  for (const [i, { level, text, period, showsFirst }] of consolidations.entries()) {
    const counted = memory.counts[i]!;
    if (counted.tellsAt === undefined || counted.tellsAt > context.at) continue;
    const { count } = counted;
    memory.counts[i] = { count: 0, tellsAt: undefined };
    if (count > 1 || !showsFirst) tell(level, `${count} errors like '${text}' occurred in last ${period}`, context);
  }
}

export const errors: Plugin = {
  name: 'errors',
  setup(directives) {
    const { arguments: found, block = [] } = onlyOne(directives);
    // One argument is old and means standard output.
    if (found.length > 1) throw wrongArguments(found[1]!);
    if (found[0] !== undefined && found[0].text !== 'stdout') {
      throw new CorefileError(found[0], `invalid log file: ${found[0].text}`);
    }
    const consolidations = block.flatMap((line) => {
      if (line.option.text === 'stacktrace') return [];
      if (line.option.text !== 'consolidate') throw unknownOption(line);
      return [consolidationOf(line)];
    });
    return {
      remember: () => new ErrorsMemory(consolidations.map(() => ({ count: 0, tellsAt: undefined }))),
      handler: (next, memory) => (request, context) => {
        const reply = next(request, context);
        if (typeof reply !== 'string' && !isMessage(reply)) {
          fail(reply, request, context, consolidations, memory() as ErrorsMemory);
        }
        return reply;
      },
      dueAt: (memory) => {
        const due = (memory as ErrorsMemory).counts.flatMap(({ tellsAt }) => (tellsAt === undefined ? [] : [tellsAt]));
        return due.length === 0 ? undefined : Math.min(...due);
      },
      wake: (memory, context) => tellCounts(memory as ErrorsMemory, consolidations, context),
    };
  },
};
