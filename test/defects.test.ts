/** Each script of a defect shows it, and with the fix the defect is gone: an expectation of the script fails. */
import { expect, test } from 'vitest';
import { runCommandLine } from '../src/cli/index.ts';

const ROOT = new URL('..', import.meta.url).pathname;

function exitCodeOf(script: string, ...flags: readonly string[]) {
  const silent = () => {};
  return runCommandLine(['run', `scenarios/${script}.yaml`, '--quiet', ...flags], {
    directory: ROOT,
    stdout: silent,
    stderr: silent,
    isStdoutTerminal: false,
    isStderrTerminal: false,
  });
}

test.each(['acn-885', 'acn-2022', 'acn-4210', 'acn-4497'])('%s', async (script) => {
  expect(await exitCodeOf(script)).toBe(0);
  expect(await exitCodeOf(script, '--set', 'cluster.azureCns.unfixed=[]')).toBe(1);
});
