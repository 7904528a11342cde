/** Where a command reads and writes: the process's own streams, or a test's. */

export interface Console {
  /** what files are relative to */
  readonly directory: string;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly isStdoutTerminal: boolean;
  readonly isStderrTerminal: boolean;
}

/** 0: done; 1: an expectation failed; 2: the input is wrong. */
export type ExitCode = 0 | 1 | 2;

/** A mistake in the command line or in a file, as one sentence; the command ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function processConsole(): Console {
  return {
    directory: process.cwd(),
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    isStdoutTerminal: process.stdout.isTTY === true,
    isStderrTerminal: process.stderr.isTTY === true,
  };
}
