/**
 * `npm run test:e2e`: real clients against what the emulator serves. The last line counts checks: passed, failed, skipped.
 * Exits 0 when none failed, 1 when some did.
 */
import type { Check } from './check.ts';
import { digVersion } from './dig.ts';
import { recordedAnswers } from './recorded-answers.ts';
import { serveCommand } from './serve-command.ts';
import { hasNamedCheckzone, zoneFiles } from './zone-files.ts';

const say = (line: string): void => console.log(line);

/** What can be checked on this machine; a tool that is missing is said. */
function checksHere(): readonly AsyncIterable<Check>[] {
  const checks: AsyncIterable<Check>[] = [];
  const version = digVersion();
  if (version === undefined) {
    say("DNS is left out: there is no dig on this machine; it is in Debian's package bind9-dnsutils.");
  } else {
    say(`DNS is asked by ${version}.`);
    checks.push(serveCommand(), recordedAnswers());
  }
  if (hasNamedCheckzone()) checks.push(zoneFiles());
  else
    say("Zone files are left out: there is no named-checkzone on this machine; it is in Debian's package bind9-utils.");
  return checks;
}

/** Questions to a server by dig, recorded questions, zone files. */
const GROUPS = 3;

async function main(): Promise<number> {
  const groups = checksHere();
  let passed = 0;
  let failed = 0;
  for (const checks of groups) {
    for await (const { title, problem } of checks) {
      if (problem === undefined) passed++;
      else failed++;
      if (problem !== undefined) say(`FAIL ${title}: ${problem}`);
    }
  }
  return summary(passed, failed, GROUPS - groups.length);
}

function summary(passed: number, failed: number, skipped: number): number {
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

void main().then((status) => {
  process.exitCode = status;
});
