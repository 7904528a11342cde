/**
 * `npm run test:e2e`: real clients against what the emulator serves. The last line counts checks: passed, failed, skipped.
 * Exits 0 when none failed, 1 when some did.
 */
import type { Check } from './check.ts';
import { digVersion } from './dig.ts';
import { recordedAnswers } from './recorded-answers.ts';
import { serveCommand } from './serve-command.ts';

const say = (line: string): void => console.log(line);

async function main(): Promise<number> {
  const version = digVersion();
  if (version === undefined) {
    say("DNS is left out: there is no dig on this machine; it is in Debian's package bind9-dnsutils.");
    return summary(0, 0, 1);
  }
  say(`DNS is asked by ${version}.`);
  let passed = 0;
  let failed = 0;
  for (const checks of [serveCommand(), recordedAnswers()]) {
    for await (const { title, problem } of checks as AsyncIterable<Check>) {
      if (problem === undefined) passed++;
      else failed++;
      if (problem !== undefined) say(`FAIL ${title}: ${problem}`);
    }
  }
  return summary(passed, failed, 0);
}

function summary(passed: number, failed: number, skipped: number): number {
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
