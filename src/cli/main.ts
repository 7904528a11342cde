#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';
import { processConsole } from './console.ts';

// A reader that stops early, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

void runCommandLine(process.argv.slice(2), processConsole()).then((status) => {
  process.exitCode = status;
});
