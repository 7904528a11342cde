/** The same flows in all of kube-proxy's modes: where they agree, and where they differ by design. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { aClusterIn, endOf, FLOWS, MODES, modesTable } from './modes.ts';

const CLUSTERS = new Map(MODES.map((mode) => [mode, aClusterIn(mode)]));
const README = new URL('../../scenarios/README.md', import.meta.url);
const MARKERS = /<!-- modes -->\n([\s\S]*?)\n<!-- \/modes -->/;

describe.each(MODES)('%s', (mode) => {
  test.each(FLOWS)('$shows: $from to $to', (flow) => {
    const expected = typeof flow.ends === 'string' ? flow.ends : flow.ends[mode];
    expect(endOf(CLUSTERS.get(mode)!, flow)).toBe(expected);
  });
});

test('scenarios/README.md shows what a run gives', () => {
  expect(MARKERS.exec(readFileSync(README, 'utf8'))?.[1]?.trim()).toBe(modesTable(CLUSTERS));
});
