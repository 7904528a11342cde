/** coredns: CoreDNS's own test tables, replayed against our server.  */
import { parseName } from '../../../controllers/coredns/index.ts';
import { firstDifference } from '../difference.ts';
import type { CaseResult, RecordingFile, Suite } from '../suite.ts';
import { replayAutopathMatch } from './coredns/autopath.ts';
import { replayLookup, replaySequence } from './coredns/cache-sequence.ts';
import { replayAnswers, replaySeparation, replayStore, replayTtl } from './coredns/cache-store.ts';
import { replayConfig } from './coredns/config.ts';
import { replayForward } from './coredns/forward.ts';
import { replayTargets } from './coredns/forward-targets.ts';
import { replayOrder, replayWeightFile } from './coredns/loadbalance.ts';
import type { Outcome } from './coredns/outcome.ts';
import { replayQuery } from './coredns/query.ts';
import {
  configShape,
  fileShape,
  type ParseCase,
  parseShape,
  queryShape,
  type RecordedCluster,
} from './coredns/recording.ts';
import { replayRewrite, replayRule } from './coredns/rewrite.ts';
import { replaySerial } from './coredns/serial.ts';
import { replayMetadata, replayTransfer } from './coredns/transfer.ts';

function replayParse(recorded: ParseCase): Outcome {
  const { multicluster, zonal, zone } = recorded;
  const parts = parseName(recorded.qname.toLowerCase(), zone, { multicluster, zonal });
  const { topologyZone, prefersZone: _, ...rest } = parts ?? { topologyZone: '', prefersZone: false };
  const got = parts === undefined ? undefined : { ...rest, topology_zone: topologyZone };
  const expected = recorded.valid ? recorded.expect : undefined;
  const difference = firstDifference(expected, got, `${recorded.id}.expect`);
  return difference === undefined ? { outcome: 'passed' } : { outcome: 'failed', difference };
}

/** The kinds that have a replay of their own. */
const REPLAYS: Readonly<Record<string, (recorded: unknown, cluster: RecordedCluster) => Outcome>> = {
  config: (recorded) => replayConfig(configShape.parse(recorded)),
  parse: (recorded) => replayParse(parseShape.parse(recorded)),
  cache_store: replayStore,
  cache_separation: replaySeparation,
  cache_ttl: replayTtl,
  cache_answers: replayAnswers,
  cache_sequence: replaySequence,
  cache_lookup: replayLookup,
  forward: replayForward,
  forward_targets: replayTargets,
  rule: replayRule,
  rewrite: replayRewrite,
  order: replayOrder,
  weightfile: replayWeightFile,
  serial: replaySerial,
  transfer: replayTransfer,
  metadata: replayMetadata,
  autopath_match: replayAutopathMatch,
};

function replay(recorded: { readonly id: string; readonly kind: string }, cluster: RecordedCluster): Outcome {
  if (recorded.kind === 'query') {
    return replayQuery(queryShape.parse(recorded), cluster);
  }
  const replayed = REPLAYS[recorded.kind];
  if (replayed !== undefined) return replayed(recorded, cluster);
  throw new Error(`${recorded.id}: unknown kind ${recorded.kind}`);
}

/** A case that throws fails alone. */
function resultOf(recorded: { readonly id: string; readonly kind: string }, cluster: RecordedCluster): CaseResult {
  try {
    return { case: recorded.id, ...replay(recorded, cluster) };
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    return { case: recorded.id, outcome: 'failed', difference: { path: recorded.id, expected: 'no error', got } };
  }
}

export const corednsSuite: Suite = {
  name: 'coredns',
  *run(file: RecordingFile) {
    const { cluster, cases } = fileShape.parse(file.json);
    for (const recorded of cases) yield resultOf(recorded, cluster);
  },
};
