/**
 * One node's kube-proxy in iptables mode, sync by sync: what it hands to iptables-restore, and what the node's tables are then.
 *
 * A full sync writes everything; a partial one writes the chains that all service ports share, and those of Services that
 * changed. Full: the first, after a failure, when the node's topology labels change, when something flushed the tables, and
 * once an hour, but for large clusters.
 *
 * Source: kubernetes pkg/proxy/iptables/proxier.go (syncProxyRules).
 */
import type { Chain, NodeFacts, Rule } from '../../../src/dataplane/index.ts';
import type { Key, TableName } from '../../../src/model/index.ts';
import { ChangeTracker, type ProxiedObjects } from '../change-tracker.ts';
import type { KubeProxyConfig } from '../config.ts';
import { type HealthCheck, healthCheckOf } from '../health-check.ts';
import { EMPTY_TABLES, ensureJump, isRestoreError, type Jump, type KernelTables, restore } from './kernel-tables.ts';
import { defaultMarkFormat, type MarkFormat, restoreRuleText } from './restore-text.ts';
import { type KubeProxyRuleset, kubeProxyRuleset } from './ruleset.ts';
import { isServiceChainName } from './service-chain.ts';

/** What a kube-proxy remembers between syncs, and the tables of its node. */
export interface ProxierState {
  readonly tables: KernelTables;
  readonly tracker: ChangeTracker;
  readonly needFullSync: boolean;
  readonly largeClusterMode: boolean;
  /** undefined before the first sync */
  readonly zone: string | undefined;
  readonly healthCheck: HealthCheck;
}

/** What one sync is given. */
export interface SyncInput extends ProxiedObjects {
  readonly node: NodeFacts;
  readonly config: KubeProxyConfig;
  /** someone else flushed the tables, or asked for a full sync */
  readonly forced?: boolean;
  /** an hour has passed since the last full sync */
  readonly fullSyncPeriodElapsed?: boolean;
  /** in a large cluster: syncPeriod has passed since stale chains were last deleted */
  readonly chainCleanupDue?: boolean;
  /** how the masquerade mark is written; `0x00004000` unless told otherwise */
  readonly markFormat?: MarkFormat;
}

export interface SyncResult {
  readonly state: ProxierState;
  readonly fullSync: boolean;
  readonly updatedServices: readonly Key[];
  readonly conntrackCleanupRequired: boolean;
  /** the text handed to iptables-restore */
  readonly restoreInput: string;
  /** the restore failed: the tables are as they were, and the next sync is a full one */
  readonly error?: string;
  /** what a full sync would have written */
  readonly ruleset: KubeProxyRuleset;
}

export function newProxier(config: KubeProxyConfig, tables: KernelTables = EMPTY_TABLES): ProxierState {
  return {
    tables,
    tracker: ChangeTracker.empty(config.family),
    needFullSync: true,
    largeClusterMode: false,
    zone: undefined,
    healthCheck: { healthCheckNodePorts: {}, localReadyEndpoints: {} },
  };
}

const FILTER_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-FORWARD',
  'KUBE-NODEPORTS',
  'KUBE-PROXY-FIREWALL',
];
const NAT_CHAINS = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ'];
const JUMPED_FROM: readonly (readonly [TableName, readonly string[]])[] = [
  ['filter', ['INPUT', 'FORWARD', 'OUTPUT']],
  ['nat', ['PREROUTING', 'OUTPUT', 'POSTROUTING']],
];

/** Lines for one table of the restore input: chains, then rules, then deletions. */
class TableInput {
  readonly #name: TableName;
  readonly #text: (chain: string, rule: Rule) => string;
  readonly #chains: string[] = [];
  readonly #rules: string[] = [];

  constructor(name: TableName, text: (chain: string, rule: Rule) => string) {
    this.#name = name;
    this.#text = text;
  }

  write({ name, rules }: Chain): void {
    this.#chains.push(`:${name} - [0:0]\n`);
    for (const rule of rules) this.#rules.push(`${this.#text(name, rule)}\n`);
  }

  /** A chain line empties the chain: only then can it be deleted. */
  delete(chain: string): void {
    this.#chains.push(`:${chain} - [0:0]\n`);
    this.#rules.push(`-X ${chain}\n`);
  }

  toString(): string {
    return `*${this.#name}\n${this.#chains.join('')}${this.#rules.join('')}COMMIT\n`;
  }
}

/** The jumps into kube-proxy's chains, each before the one after it: so the last is ensured first. */
function ensureJumps(tables: KernelTables, ruleset: KubeProxyRuleset, text: RuleText): KernelTables {
  let ensured = tables;
  for (const [table, bases] of JUMPED_FROM)
    for (const from of bases)
      for (const rule of [...(ruleset.table(table)?.chain(from)?.rules ?? [])].reverse())
        ensured = ensureJump(ensured, jumpOf(table, from, rule, text));
  return ensured;
}

function jumpOf(table: TableName, from: string, rule: Rule, text: RuleText): Jump {
  if (rule.target.target !== 'jump') throw new Error(`a rule of ${from} that is no jump`);
  return { table, from, to: rule.target.chain.name, rule: text(from, rule) };
}

type RuleText = (chain: string, rule: Rule) => string;

function chainIn(ruleset: KubeProxyRuleset, table: TableName, name: string): Chain {
  const chain = ruleset.table(table)?.chain(name);
  if (chain === undefined) throw new Error(`kube-proxy always has ${name} in ${table}`);
  return chain;
}

function filterInput(ruleset: KubeProxyRuleset, text: RuleText): TableInput {
  const input = new TableInput('filter', text);
  for (const name of FILTER_CHAINS) input.write(chainIn(ruleset, 'filter', name));
  const firewall = chainIn(ruleset, 'filter', 'KUBE-FIREWALL');
  // Without node ports on localhost the chain is the kubelet's alone.
  if (firewall.rules.length > 0) input.write(firewall);
  return input;
}

function serviceKey(servicePort: string): Key {
  const colon = servicePort.indexOf(':');
  return colon < 0 ? servicePort : servicePort.slice(0, colon);
}

interface NatInput {
  readonly input: TableInput;
  /** the service ports' chains that are in use, written or not */
  readonly active: ReadonlySet<string>;
}

function natInput(state: ProxierState, ruleset: KubeProxyRuleset, text: RuleText, written: Written): NatInput {
  const input = new TableInput('nat', text);
  const active = new Set<string>();
  for (const name of NAT_CHAINS) input.write(chainIn(ruleset, 'nat', name));
  for (const filed of state.tracker.services.ports(ruleset.family))
    for (const chain of ruleset.rulesFor(filed).chains()) {
      active.add(chain.name);
      if (written(serviceKey(filed.port.name))) input.write(chain);
    }
  return { input, active };
}

type Written = (service: Key) => boolean;

/** Chains that no service port needs any more: nothing jumps to them, so they only take up memory. */
function staleChains(tables: KernelTables, active: ReadonlySet<string>): readonly string[] {
  const chains = [...(tables.get('nat')?.keys() ?? [])];
  return chains.filter((name) => isServiceChainName(name) && !active.has(name)).sort();
}

/** One sync. Always returns a state to go on with, also where the restore failed. */
export function syncProxyRules(before: ProxierState, input: SyncInput): SyncResult {
  const { node, config, markFormat = defaultMarkFormat } = input;
  const topologyChanged = !before.needFullSync && before.zone !== node.zone;
  const hourly = input.fullSyncPeriodElapsed === true && !before.largeClusterMode;
  const fullSync = before.needFullSync || topologyChanged || hourly || input.forced === true;
  const { tracker, updatedServices, conntrackCleanupRequired } = before.tracker.update(input);
  const ruleset = kubeProxyRuleset(tracker.services, node, config);
  const text: RuleText = (chain, rule) => restoreRuleText(chain, rule, config.family, markFormat);
  const largeClusterMode = tracker.services.endpointCount(config.family) > config.largeClusterEndpointsThreshold;
  const state = { ...before, tracker, largeClusterMode, zone: node.zone };
  const tables = fullSync ? ensureJumps(before.tables, ruleset, text) : before.tables;
  const updated = new Set(updatedServices);
  const nat = natInput(state, ruleset, text, (service) => fullSync || updated.has(service));
  if (!largeClusterMode || input.chainCleanupDue === true)
    for (const chain of staleChains(tables, nat.active)) nat.input.delete(chain);
  const restoreInput = `${filterInput(ruleset, text)}${nat.input}`;
  const restored = restore(tables, restoreInput);
  const result = { fullSync, updatedServices, conntrackCleanupRequired, restoreInput, ruleset };
  // What changed has been taken in, and is forgotten as a change: only a full sync can make up for it.
  if (isRestoreError(restored)) {
    const error = `line ${restored.line}: ${restored.message}`;
    return { ...result, error, state: { ...state, tables, needFullSync: true } };
  }
  const healthCheck = healthCheckOf(tracker, node, config.family);
  return { ...result, state: { ...state, tables: restored, needFullSync: false, healthCheck } };
}
