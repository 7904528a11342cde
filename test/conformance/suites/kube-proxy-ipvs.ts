/**
 * kube-proxy's IPVS mode, sync by sync: virtual servers, IP sets, the dummy device's addresses, and the rules beside them.
 * One case a file. Format: the README of the kube-proxy recordings.
 */
import {
  type IpvsProxierState,
  type IpvsSyncResult,
  isRestoreError,
  type KernelTables,
  newIpvsProxier,
  restore,
  syncIpvsProxyRules,
  tablesText,
} from '../../../controllers/kube-proxy/index.ts';
import type { NodeFacts } from '../../../src/dataplane/index.ts';
import type { Family } from '../../../src/model/index.ts';
import { firstDifference } from '../difference.ts';
import type { CaseResult, Difference, Suite } from '../suite.ts';
import { inputFor, lineDifference, normalInput } from './kube-proxy-iptables/normal-form.ts';
import { configOf, type RecordedStep, type Recording, recordingOf } from './kube-proxy-ipvs/recording.ts';
import {
  interfaceAddresses,
  nodeFacts,
  proxyConfig,
  recordedDummyAddresses,
  recordedIpvsPort,
  recordedServers,
  recordedSets,
} from './kube-proxy-ipvs/replay.ts';

function tablesOf(text: string): KernelTables {
  const tables = restore(new Map(), text);
  if (isRestoreError(tables)) throw new Error(`line ${tables.line} of the given rules: ${tables.message}`);
  return tables;
}

/** kube-proxy writes nat before filter; recordings have filter first. */
function filterFirst(input: string): string {
  const [nat = '', filter = ''] = input.split('*filter\n');
  return `*filter\n${filter}${nat}`;
}

/** One drop for each load balancer that the node may not reach: the recorded proxier came by its Services in no order. */
function withSortedDrops(text: string): string {
  const lines = text.split('\n');
  const isDrop = (line: string) => line.startsWith('-A KUBE-IPVS-OUT-FILTER ');
  const drops = lines.filter(isDrop).sort();
  return lines.map((line) => (isDrop(line) ? drops.shift()! : line)).join('\n');
}

function textDifference(path: string, expected: string, got: string): Difference | undefined {
  return lineDifference(path, withSortedDrops(expected), withSortedDrops(got));
}

function syncDiffers(step: RecordedStep, result: IpvsSyncResult, node: NodeFacts, family: Family, path: string) {
  const { state, updatedServices, conntrackCleanupRequired, sets } = result;
  const ports = state.tracker.services.ports(family);
  const got = {
    updatedServices,
    conntrackCleanupRequired,
    healthCheck: state.healthCheck,
    servicePorts: ports.map(({ port }) => recordedIpvsPort(port, node)),
    ipsets: recordedSets(sets),
    virtualServers: recordedServers(state),
    dummyDeviceAddresses: recordedDummyAddresses(state),
  };
  const expected = {
    updatedServices: [...(step.updatedServices ?? [])].sort(),
    conntrackCleanupRequired: step.conntrackCleanupRequired,
    healthCheck: step.healthCheck,
    servicePorts: step.servicePorts ?? [],
    ipsets: step.ipsets,
    virtualServers: step.virtualServers,
    dummyDeviceAddresses: step.dummyDeviceAddresses,
  };
  return firstDifference(expected, got, path);
}

interface Replayed {
  readonly difference: Difference | undefined;
  readonly state: IpvsProxierState;
}

function sync(before: IpvsProxierState | undefined, step: RecordedStep, settings: unknown, path: string): Replayed {
  const recorded = configOf(settings);
  const config = proxyConfig(recorded);
  const node = nodeFacts(recorded);
  const start = before ?? newIpvsProxier(config);
  const tables = step.rulesetBefore === undefined ? start.tables : tablesOf(step.rulesetBefore);
  const result = syncIpvsProxyRules(
    { ...start, tables },
    {
      services: step.services,
      slices: step.endpointSlices,
      node,
      config,
      interfaceAddresses: interfaceAddresses(recorded),
      markFormat: () => recorded.masqueradeMark,
    },
  );
  if (result.error !== undefined) throw new Error(result.error);
  const restored = normalInput(step.restoreInput ?? inputFor(step.ruleset));
  const difference =
    syncDiffers(step, result, node, config.family, path) ??
    textDifference(`${path}.restoreInput`, restored, normalInput(filterFirst(result.restoreInput))) ??
    textDifference(`${path}.ruleset`, step.ruleset, tablesText(result.state.tables));
  return { difference, state: result.state };
}

function differenceIn({ config, steps }: Recording): Difference | undefined {
  let settings: object = config;
  let state: IpvsProxierState | undefined;
  for (const [i, step] of steps.entries()) {
    settings = { ...settings, ...step.config };
    const replayed = sync(state, step, settings, `steps[${i}]`);
    if (replayed.difference !== undefined) return replayed.difference;
    state = replayed.state;
  }
  return undefined;
}

export const kubeProxyIpvsSuite: Suite = {
  name: 'kube-proxy-ipvs',
  *run({ name, json }): Iterable<CaseResult> {
    const difference = differenceIn(recordingOf(json));
    if (difference === undefined) yield { case: name, outcome: 'passed' };
    else yield { case: name, outcome: 'failed', difference };
  },
};
