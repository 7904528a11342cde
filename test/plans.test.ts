/** Each plan in plans/ runs out where it says, and is told the same in the emulator. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { agreementOn } from './plan/agreement.ts';

const FOLDER = new URL('../plans/', import.meta.url);
const PLANS = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

test.each(PLANS)('%s', (name) => {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  expect(agreementOn({ text }, 1)).toEqual({ agrees: true, fails: true, differences: [] });
});
