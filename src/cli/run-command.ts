/** `orrery run FILE...`: replays scripts one after another. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Entry, formatProblem, type RunReport, replay, type Scenario } from '../scenario/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { type Format, type Printer, printerOf } from './printer.ts';
import { progressOf } from './progress.ts';
import { readScript, type ScriptFlags } from './script-file.ts';
import { openLog } from './structured-log.ts';
import { timings } from './timings.ts';

export interface RunFlags extends ScriptFlags {
  readonly format: Format;
  readonly record?: string;
  readonly trace: boolean;
  readonly steps: boolean;
  readonly timings: boolean;
  readonly quiet: boolean;
  readonly log?: string;
}

export async function runCommand(files: readonly string[], flags: RunFlags, console: Console): Promise<ExitCode> {
  // All are read before any runs: a mistake in the last one is no reason to wait for the first.
  const scenarios = files.map((file) => readScript(file, flags, console));
  const output = new Output(flags, console);
  const log = flags.log === undefined ? undefined : await openLog(resolve(console.directory, flags.log));
  let exitCode: ExitCode = 0;
  for (const [i, scenario] of scenarios.entries()) {
    const report = await runOne(scenario, flags, output, console, log?.add);
    for (const problem of report.problems) console.stderr(`${formatProblem(problem)}\n`);
    if (report.problems.length > 0) exitCode = 2;
    else if (report.failures > 0 && exitCode === 0) exitCode = 1;
    if (flags.quiet) console.stdout(`${summaryOf(files[i]!, report)}\n`);
  }
  output.close();
  log?.close();
  if (flags.timings) console.stderr(`${timings()}\n`);
  return exitCode;
}

async function runOne(
  scenario: Scenario,
  flags: RunFlags,
  output: Output,
  console: Console,
  log: ((entry: Entry) => void) | undefined,
): Promise<RunReport> {
  const progress = await progressOf(scenario.name, console);
  const printer = flags.quiet && flags.record === undefined ? failurePrinter(console) : output.printer();
  const listeners = [printer.add, ...(log === undefined ? [] : [log])];
  const { report } = replay(scenario, {
    listener: (entry) => {
      for (const listen of listeners) listen(entry);
    },
    progress: progress.update,
  });
  progress.stop();
  printer.end();
  return report;
}

/** Says only which expectations failed. */
function failurePrinter({ stderr }: Console): Printer {
  return {
    add: (entry) => {
      if (entry.what === 'expectation' && !entry.met) stderr(`expected ${entry.text}\n`);
    },
    end: () => {},
  };
}

function summaryOf(file: string, { expectations, failures, problems }: RunReport): string {
  const refused = problems.length === 0 ? '' : `, ${problems.length} refused`;
  return `${file}: ${expectations - failures} expectations met, ${failures} failed${refused}`;
}

/** Bytes gathered before they are written: a line at a time would cost a system call each. */
const FLUSH_AT_LENGTH = 65_536;

class Output {
  readonly #flags: RunFlags;
  readonly #console: Console;
  #buffer: string[] = [];
  #length = 0;

  constructor(flags: RunFlags, console: Console) {
    this.#flags = flags;
    this.#console = console;
  }

  printer(): Printer {
    const { format, trace, steps, record } = this.#flags;
    const printer = printerOf(
      format,
      { trace, steps, colour: record === undefined && this.#console.isStdoutTerminal },
      (line) => this.#write(line),
    );
    return printer;
  }

  close(): void {
    const { record } = this.#flags;
    const text = this.#buffer.join('');
    this.#buffer = [];
    if (record === undefined) {
      this.#console.stdout(text);
      return;
    }
    try {
      writeFileSync(resolve(this.#console.directory, record), text);
    } catch (error) {
      throw new UsageError(`orrery: --record ${record} cannot be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }

  #write(line: string): void {
    this.#buffer.push(line, '\n');
    this.#length += line.length;
    if (this.#flags.record !== undefined || this.#length < FLUSH_AT_LENGTH) return;
    this.#console.stdout(this.#buffer.join(''));
    this.#buffer = [];
    this.#length = 0;
  }
}
