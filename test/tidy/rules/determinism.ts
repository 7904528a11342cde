/** Rules that keep a run a function of its script and its seed. */
import { importsOf } from '../imports.ts';
import { isCode, isProduction, isTest, NODE_ROOMS, roomOf } from '../rooms.ts';
import type { Token } from '../scanner.ts';
import type { SourceFile } from '../source-tree.ts';
import type { Rule, Violation } from '../violation.ts';

interface Ban {
  /** consecutive tokens */
  readonly sequence: readonly string[];
  readonly instead: string;
  /** rooms on Node may use it */
  readonly onNode?: boolean;
}

const TIME = 'take the time as a Moment, or wait on the virtual clock of the emulator';
const CHANCE = 'take chance as a Dice';
const LOCALE = 'the outcome depends on the locale of the machine; compare with < or format by hand';

const BANS: readonly Ban[] = [
  { sequence: ['Date', '.', 'now'], instead: TIME },
  { sequence: ['new', 'Date', '(', ')'], instead: TIME },
  { sequence: ['new', 'Date', ';'], instead: TIME },
  { sequence: ['performance', '.'], instead: TIME, onNode: true },
  { sequence: ['process', '.'], instead: 'only server and cli know the process', onNode: true },
  { sequence: ['setTimeout'], instead: TIME, onNode: true },
  ...['setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame'].map((word) => ({
    sequence: [word],
    instead: TIME,
  })),
  ...['asyncScheduler', 'asapScheduler', 'animationFrameScheduler'].map((word) => ({
    sequence: [word],
    instead: TIME,
  })),
  { sequence: ['Math', '.', 'random'], instead: CHANCE },
  { sequence: ['crypto', '.'], instead: CHANCE },
  ...['randomUUID', 'randomBytes', 'getRandomValues'].map((word) => ({ sequence: [word], instead: CHANCE })),
  ...['localeCompare', 'toLocaleString', 'toLocaleLowerCase', 'toLocaleUpperCase', 'Intl'].map((word) => ({
    sequence: [word],
    instead: LOCALE,
  })),
];

/** No clock, no chance, no locale. */
export const clockAndChance: Rule = (files) =>
  files
    .filter((file) => isProduction(file.path))
    .flatMap((file) => {
      const code = file.tokens.filter((token) => token.kind !== 'comment');
      const onNode = NODE_ROOMS.has(roomOf(file.path) ?? '');
      const bans = BANS.filter((ban) => !(onNode && ban.onNode === true));
      return code.flatMap((token, index) => {
        const ban = token.kind === 'word' ? bans.find((each) => follows(code, index, each.sequence)) : undefined;
        if (ban === undefined) return [];
        return [violation(file, token, `${ban.sequence.join(' ')} is not repeatable; ${ban.instead}`)];
      });
    });

function follows(code: readonly Token[], index: number, sequence: readonly string[]): boolean {
  return sequence.every((text, offset) => code[index + offset]?.text === text && code[index + offset]!.kind !== 'text');
}

function violation(file: SourceFile, token: Token, advice: string, rule = 'clock-and-chance'): Violation {
  return { path: file.path, line: token.line, rule, advice };
}

/** RxJS' operators of time wait on the machine's clock unless they are handed a scheduler. */
const TIMED = new Set(
  (
    'timer interval delay debounceTime throttleTime auditTime sampleTime bufferTime windowTime ' +
    'timeout timestamp timeInterval'
  ).split(' '),
);

const CLOCK = /(?:clock|scheduler)$/i;

export const rxjsTime: Rule = (files) =>
  files
    .filter((file) => isProduction(file.path))
    .filter((file) => importsOf(file.tokens).some(({ specifier }) => specifier.startsWith('rxjs')))
    .flatMap((file) => {
      const code = file.tokens.filter((token) => token.kind !== 'comment');
      return code.flatMap((token, index) => {
        const called = token.kind === 'word' && TIMED.has(token.text) && code[index + 1]?.text === '(';
        if (!called || code[index - 1]?.text === '.' || hasArgument(code, index + 1, CLOCK)) return [];
        return [
          violation(
            file,
            token,
            `${token.text} without a scheduler waits on the machine's clock; ${TIME}`,
            'rxjs-time',
          ),
        ];
      });
    });

/** Whether one of the arguments of the call whose parenthesis opens at `open` is named so. */
function hasArgument(code: readonly Token[], open: number, name: RegExp): boolean {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    const { kind, text } = code[at]!;
    if (text === '(') depth++;
    else if (text === ')' && --depth === 0) return false;
    else if (kind === 'word' && name.test(text)) return true;
  }
  return false;
}

/** Where the seed of all properties comes from; a new one on demand. */
const SEEDS = 'test/support/seed.ts';
const DRAWS = new Set(['assert', 'check', 'sample']);

/** A test that fails is one that fails again: its chance has a seed, and the failure tells it. */
export const seededTests: Rule = (files) =>
  files
    .filter((file) => isCode(file.path) && isTest(file.path) && file.path !== SEEDS)
    .flatMap((file) => {
      const code = file.tokens.filter((token) => token.kind !== 'comment');
      return code.flatMap((token, index) => {
        const unseeded = unseededAt(code, index);
        return unseeded === undefined ? [] : [violation(file, token, unseeded, 'seeded-tests')];
      });
    });

function unseededAt(code: readonly Token[], index: number): string | undefined {
  const member = code[index + 2]?.text ?? '';
  if (follows(code, index, ['Math', '.', 'random'])) return `Math.random has no seed; take chance from ${SEEDS}`;
  if (!follows(code, index, ['fc', '.']) || !DRAWS.has(member)) return undefined;
  // A property goes through `holds` though it has a seed: a failure is to print the command that repeats it.
  if (member !== 'assert' && hasArgument(code, index + 3, /^seed$/)) return undefined;
  return `fc.${member} tells no command that repeats it; call holds of ${SEEDS}, or hand it a seed`;
}
