/** The command, run in this process as a user would run it, without a terminal. */
import { runCommandLine } from '../../src/cli/index.ts';

export const ROOT = new URL('../..', import.meta.url).pathname;

export interface CommandOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param directory what file names are relative to: the project's root where it is not given */
export async function runCommand(args: readonly string[], directory = ROOT): Promise<CommandOutput> {
  let [stdout, stderr] = ['', ''];
  const exitCode = await runCommandLine(args, {
    directory,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    isStdoutTerminal: false,
    isStderrTerminal: false,
  });
  return { exitCode, stdout, stderr };
}
