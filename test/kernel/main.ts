/**
 * `npm run test:kernel -- --packets N --seed S [--mode iptables|nftables]`: the same packets through the emulator and through
 * Linux. `--replay FILE` plays one case again that a run has printed. The last line counts packets: passed, failed, skipped.
 * Exits 0 when none failed, 1 when some did, 2 for a mistake on the command line.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { SeededDice } from '../../src/emulator/index.ts';
import { type CampaignReport, campaign } from './campaign.ts';
import type { Case } from './case.ts';
import { compare, type Machinery } from './compare.ts';
import { caseText, describeMismatch } from './report.ts';
import { inspect, type Machine, type Mode } from './requirements.ts';
import { CONNECTIONS, compareShares, sharesAgree } from './shares.ts';

const MISMATCHES_SHOWN = 3;
const PROGRESS_EVERY_MS = 10_000;

interface Options {
  readonly packets: number;
  readonly seed: number;
  readonly mode: Mode;
  readonly replay: string | undefined;
}

const say = (line: string): void => console.log(line);

/** A sentence where the command line is wrong. */
function readOptions(args: readonly string[]): Options | string {
  let values: { readonly packets?: string; readonly seed?: string; readonly mode?: string; readonly replay?: string };
  try {
    const text = { type: 'string' } as const;
    ({ values } = parseArgs({ args: [...args], options: { packets: text, seed: text, mode: text, replay: text } }));
  } catch (error) {
    return (error as Error).message;
  }
  const { packets = '2000', seed = '1', mode = 'iptables', replay } = values;
  if (!/^[1-9]\d{0,8}$/.test(packets)) return `--packets is a whole number above 0, not ${packets}`;
  if (!/^\d{1,9}$/.test(seed)) return `--seed is a whole number, not ${seed}`;
  if (mode !== 'iptables' && mode !== 'nftables') return `--mode is iptables or nftables, not ${mode}`;
  return { packets: Number(packets), seed: Number(seed), mode, replay };
}

function main(args: readonly string[]): number {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`test:kernel: ${options}.`);
    return 2;
  }
  const machine = inspect(options.mode);
  if (typeof machine === 'string') {
    say(machine);
    return summary(0, 0, options.packets + CONNECTIONS);
  }
  for (const sentence of machine.leftOut) say(sentence);
  const machinery = { counts: machine.counts, dice: new SeededDice(options.seed) };
  if (options.replay !== undefined) return replay(options.replay, machinery);
  return run(options, machine, machinery);
}

function run(options: Options, { loaders }: Machine, machinery: Machinery): number {
  const { packets, seed, mode } = options;
  let toldAt = Date.now();
  const progress = (sent: number): void => {
    if (Date.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = Date.now();
    say(`${sent} of ${packets} packets went the same way.`);
  };
  say(`Mode ${mode}, rules loaded by ${loaders.join(' and ')}, seed ${seed}.`);
  const report = campaign({ packets, seed, loaders, machinery, progress });
  tell(report);
  const skipped = packets - report.passed - report.failed;
  if (skipped > 0) say(`${skipped} packets were not sent after the first failing case.`);
  const shares = checkShares({ loader: loaders[0]!, counts: machinery.counts }, machinery);
  return summary(
    report.passed + (shares ? CONNECTIONS : 0),
    report.failed + (shares ? 0 : CONNECTIONS),
    Math.max(0, skipped),
  );
}

function tell({ failure, error }: CampaignReport): void {
  if (failure !== undefined) {
    say(`Linux and the emulator differ. The smallest case found, to be kept in a file for --replay FILE:\n`);
    say(caseText(failure.drawn));
    for (const mismatch of failure.comparison.mismatches.slice(0, MISMATCHES_SHOWN)) say(describeMismatch(mismatch));
  }
  if (error !== undefined) say(`A case could not be played: ${error.message}\n\n${caseText(error.drawn)}`);
}

/** Chance alone fails one such test in a thousand: then a second one has to fail as well. */
function checkShares(loading: Parameters<typeof compareShares>[0], { dice }: Machinery): boolean {
  for (const attempt of ['', ', the second time']) {
    const shares = compareShares(loading, dice);
    const { endpoints, counts, probability } = shares;
    const text = `${CONNECTIONS} connections to ${endpoints} endpoints: ${counts.join(', ')}; p = ${probability.toFixed(4)}`;
    say(`${text}${attempt}.`);
    if (sharesAgree(shares)) return true;
  }
  return false;
}

function replay(file: string, machinery: Machinery): number {
  const { packets, mismatches } = compare(parse(readFileSync(file, 'utf8')) as Case, machinery);
  for (const mismatch of mismatches) say(describeMismatch(mismatch));
  return summary(packets - mismatches.length, mismatches.length, 0);
}

function summary(passed: number, failed: number, skipped: number): number {
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

// Debian keeps these programs where not every root shell looks.
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
process.exitCode = main(process.argv.slice(2));
