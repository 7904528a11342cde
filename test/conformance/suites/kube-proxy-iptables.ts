/**
 * kube-proxy's iptables mode, sync by sync: what is written, what the tables are then, how tools print them, and where packets
 * go. One case a file. Format: the README of the kube-proxy recordings.
 */
import { createHash } from 'node:crypto';
import {
  cleanupLeftovers,
  isRestoreError,
  type KernelTables,
  newProxier,
  type ProxierState,
  restore,
  type SyncResult,
  serviceChainName,
  syncProxyRules,
  tablesText,
} from '../../../controllers/kube-proxy/index.ts';
import { fixedText, iptablesSave } from '../../../src/dataplane/index.ts';
import { PROTOCOL_NUMBERS, type Protocol } from '../../../src/model/index.ts';
import { firstDifference } from '../difference.ts';
import type { CaseResult, Difference, Suite } from '../suite.ts';
import { flowDifference, rulesetOf } from './kube-proxy-iptables/flows.ts';
import { inputFor, lineDifference, normalInput } from './kube-proxy-iptables/normal-form.ts';
import {
  configOf,
  type Fact,
  type RecordedStep,
  type Recording,
  recordingOf,
} from './kube-proxy-iptables/recording.ts';
import { nodeFacts, proxyConfig, recordedServicePort } from './kube-proxy-iptables/replay.ts';

interface Replayed {
  readonly difference: Difference | undefined;
  readonly state: ProxierState | undefined;
}

/** Tables that a recording gives, as they are. */
function tablesOf(text: string): KernelTables {
  const tables = restore(new Map(), text);
  if (isRestoreError(tables)) throw new Error(`line ${tables.line} of the given rules: ${tables.message}`);
  return tables;
}

/** The kernel knows the base chains of a table even where a recording names none. */
const BASE_CHAINS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

function asLoaded(text: string): string {
  const missing = BASE_CHAINS.map((chain) => `:${chain} ACCEPT [0:0]\n`).join('');
  return text.replace(/^\*mangle\n(?=:KUBE)/m, `*mangle\n${missing}`);
}

/** Rules printed as iptables-save prints them, the tables in the order of the recording: that of their making. */
function savedDifference(step: RecordedStep, rules: string, config: Recording['config'], path: string) {
  if (step.iptablesSave === undefined) return undefined;
  const order = [...step.iptablesSave.matchAll(/^\*(\w+)$/gm)].map(([, table]) => table as 'nat');
  const ruleset = rulesetOf(asLoaded(rules), config.ipFamily === 'IPv6' ? 6 : 4);
  return lineDifference(`${path}.iptablesSave`, step.iptablesSave, iptablesSave(ruleset, order));
}

function rulesetDifference(step: RecordedStep, rules: string, path: string): Difference | undefined {
  if (step.ruleset !== null) return lineDifference(`${path}.ruleset`, step.ruleset, rules);
  const digest = createHash('sha256').update(rules).digest('hex');
  return firstDifference(step.rulesetSha256, digest, `${path}.rulesetSha256`);
}

function rulesDiffer(step: RecordedStep, rules: string, config: Recording['config'], path: string) {
  return (
    rulesetDifference(step, rules, path) ??
    savedDifference(step, rules, config, path) ??
    flowDifference(step.flows, rules, config, path)
  );
}

function servicePortsDiffer(step: RecordedStep, { ruleset, state }: SyncResult, facts: Facts, path: string) {
  const ports = state.tracker.services.ports(ruleset.family);
  const recorded = step.servicePorts ?? [];
  const got = ports.map(({ port }, i) => recordedServicePort(port, facts, recorded[i]?.endpointsAbridged === true));
  return firstDifference(recorded, got, `${path}.servicePorts`);
}

type Facts = ReturnType<typeof nodeFacts>;

/** What a sync reports of itself. */
function syncDiffers(step: RecordedStep, result: SyncResult, path: string): Difference | undefined {
  const { fullSync, updatedServices, conntrackCleanupRequired, state, error } = result;
  const got = {
    fullSync,
    updatedServices,
    conntrackCleanupRequired,
    largeClusterMode: state.largeClusterMode,
    healthCheck: state.healthCheck,
    needFullSyncAfter: state.needFullSync,
    failed: error !== undefined,
  };
  const expected = {
    fullSync: step.fullSync,
    updatedServices: [...(step.updatedServices ?? [])].sort(),
    conntrackCleanupRequired: step.conntrackCleanupRequired,
    largeClusterMode: step.largeClusterMode,
    healthCheck: step.healthCheck,
    needFullSyncAfter: step.needFullSyncAfter ?? false,
    failed: step.error !== undefined,
  };
  return firstDifference(expected, got, path);
}

function sync(
  before: ProxierState | undefined,
  step: RecordedStep,
  settings: Recording['config'],
  path: string,
): Replayed {
  const recorded = configOf(settings);
  const config = proxyConfig(recorded);
  const node = nodeFacts(recorded);
  const start = before ?? newProxier(config);
  const input = {
    services: step.services,
    slices: step.endpointSlices,
    node,
    config,
    fullSyncPeriodElapsed: step.fullSyncPeriodElapsed ?? false,
    chainCleanupDue: step.chainCleanupDue ?? false,
    markFormat: () => recorded.masqueradeMark,
  };
  const tables = step.rulesetBefore === undefined ? start.tables : tablesOf(step.rulesetBefore);
  // A recording does not say when its test asked for a full sync, but that the sync was one.
  const due = syncProxyRules({ ...start, tables }, input);
  const forced = step.fullSync === true && !due.fullSync;
  const result = forced ? syncProxyRules({ ...start, tables }, { ...input, forced }) : due;
  const { state } = result;
  const restored = normalInput(step.restoreInput ?? inputFor(step.ruleset ?? ''));
  const difference =
    syncDiffers(step, result, path) ??
    servicePortsDiffer(step, result, node, path) ??
    lineDifference(`${path}.restoreInput`, restored, normalInput(result.restoreInput)) ??
    rulesDiffer(step, tablesText(state.tables), recorded, path);
  return { difference, state };
}

function replayStep(
  before: ProxierState | undefined,
  step: RecordedStep,
  config: Recording['config'],
  path: string,
): Replayed {
  if (step.rulesetGiven === true) {
    return { difference: rulesDiffer(step, tablesText(tablesOf(step.ruleset ?? '')), config, path), state: before };
  }
  if (step.action === 'cleanup') {
    const cleaned = cleanupLeftovers(tablesOf(step.rulesetBefore ?? ''));
    return { difference: rulesDiffer(step, tablesText(cleaned), config, path), state: before };
  }
  return sync(before, step, config, path);
}

function factDiffers(fact: Fact, path: string): Difference | undefined {
  if ('n' in fact) return firstDifference(fact.probability, fixedText(1 / fact.n, 10), `${path}.probability`);
  const { namespace, service, portName, endpoint } = fact;
  const name = `${namespace}/${service}${portName === '' ? '' : `:${portName}`}`;
  const protocol = PROTOCOL_NUMBERS[fact.protocol.toUpperCase() as Protocol];
  const got = {
    ...fact,
    servicePortName: name,
    svcChain: serviceChainName('KUBE-SVC-', name, protocol),
    svlChain: serviceChainName('KUBE-SVL-', name, protocol),
    extChain: serviceChainName('KUBE-EXT-', name, protocol),
    fwChain: serviceChainName('KUBE-FW-', name, protocol),
    sepChain: serviceChainName('KUBE-SEP-', name, protocol, endpoint),
  };
  return firstDifference(fact, got, path);
}

function differenceIn({ config, steps, facts = [] }: Recording): Difference | undefined {
  if (steps.length + facts.length === 0) throw new Error('a recording of nothing');
  let settings = config;
  let state: ProxierState | undefined;
  for (const [i, step] of steps.entries()) {
    settings = { ...settings, ...step.config };
    const replayed = replayStep(state, step, settings, `steps[${i}]`);
    if (replayed.difference !== undefined) return replayed.difference;
    state = replayed.state;
  }
  for (const [i, fact] of facts.entries()) {
    const difference = factDiffers(fact, `facts[${i}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

export const kubeProxyIptablesSuite: Suite = {
  name: 'kube-proxy-iptables',
  *run({ name, json }): Iterable<CaseResult> {
    const difference = differenceIn(recordingOf(json));
    if (difference === undefined) yield { case: name, outcome: 'passed' };
    else yield { case: name, outcome: 'failed', difference };
  },
};
