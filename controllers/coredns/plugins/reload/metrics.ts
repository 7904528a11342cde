/**
 * What reload tells Corefiles apart by, and what it counts: for the whole process, however many servers it has replaced.
 *
 * Source: CoreDNS plugin/reload/{reload,metrics}.go.
 */
import type { ServerBlock } from '../../corefile/parse.ts';
import type { Token } from '../../corefile/tokens.ts';
import type { MetricFamily } from '../../metrics.ts';
import { sha512 } from './sha512.ts';

export interface Reloads {
  readonly failed: number;
  /** the last Corefile that another was to be replaced by, as `versionText` has it; undefined before there was one */
  readonly version: string | undefined;
}

/** Where ConfigMap kube-system/coredns is mounted. */
const DIRECTORY = '/etc/coredns/';
const COREFILE = 'Corefile';

/** Words of the Corefile itself have no file. */
function tokenOf({ file, line, text }: Token) {
  return { File: file === COREFILE ? '' : DIRECTORY + file, Line: line, Text: text };
}

/** By directive, in the order of their names. */
function blockOf({ keys, directives }: ServerBlock) {
  const byName = new Map<string, ReturnType<typeof tokenOf>[]>();
  for (const { name, tokens } of directives) {
    byName.set(name.text, [...(byName.get(name.text) ?? []), ...tokens.map(tokenOf)]);
  }
  const named = [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
  return { Keys: keys.map(({ text }) => text), Tokens: Object.fromEntries(named) };
}

/**
 * A Corefile's words, imports in place, each with its file and line: two Corefiles of which it is the same are the same.
 * Written as Go's `json.Marshal` writes it, for the hash.
 */
export function versionText(blocks: readonly ServerBlock[]): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(blocks.map(blockOf)).replace(/[<>&\u2028\u2029]/g, escaped);
}

/** The version is told from the first reload on, also of one that failed. */
export function reloadMetrics({ failed, version }: Reloads): readonly MetricFamily[] {
  return [
    {
      name: 'coredns_reload_failed_total',
      help: 'Counter of the number of failed reload attempts.',
      type: 'counter',
      samples: [{ labels: {}, value: failed }],
    },
    {
      name: 'coredns_reload_version_info',
      help: "A metric with a constant '1' value labeled by hash, and value which type of hash generated.",
      type: 'gauge',
      samples: version === undefined ? [] : [{ labels: { hash: 'sha512', value: sha512(version) }, value: 1 }],
    },
  ];
}
