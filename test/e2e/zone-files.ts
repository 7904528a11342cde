/** The zone that `orrery dump zone` prints, read by BIND. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Check } from './check.ts';

/** With ClusterIPs of both kinds of ports, with aliases, with headless Services and named pods. */
const SCRIPTS = ['kube-proxy-modes', 'externalname', 'headless-statefulset'];
const ZONE = 'cluster.local';

export function hasNamedCheckzone(): boolean {
  return spawnSync('named-checkzone', ['-v']).error === undefined;
}

function checkZoneFile(script: string, directory: string): Check {
  const title = `orrery dump zone scenarios/${script}.yaml: named-checkzone`;
  const dumped = spawnSync('node', ['dist/orrery.js', 'dump', 'zone', `scenarios/${script}.yaml`], {
    encoding: 'utf8',
  });
  if (dumped.status !== 0) return { title, problem: dumped.stderr };
  const path = join(directory, `${script}.zone`);
  writeFileSync(path, dumped.stdout);
  // -i full: names that records lead to must exist, where they lie in the zone. -k fail: so must their spelling be.
  const checked = spawnSync('named-checkzone', ['-i', 'full', '-k', 'fail', ZONE, path], { encoding: 'utf8' });
  const isClean = checked.status === 0 && checked.stdout.trim().endsWith('OK');
  return isClean ? { title } : { title, problem: `${checked.stdout}${checked.stderr}` };
}

export async function* zoneFiles(): AsyncIterable<Check> {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-zones-'));
  try {
    for (const script of SCRIPTS) yield checkZoneFile(script, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
