/**
 * cli: the `orrery` command. Reads files, writes to the terminal, ends with an exit code: 0, 1 where an expectation of a
 * scenario failed, 2 where the input was wrong. Decides nothing about clusters.
 */
export { runCommandLine } from './command-line.ts';
export type { Console } from './console.ts';
