/**
 * kube-proxy's nftables mode, sync by sync: the transactions it runs, what the table is then, how nft lists it, and where
 * packets go. One case a file. Format: the README of the kube-proxy recordings.
 */
import { ChangeTracker, healthCheckOf, NftablesProxier } from '../../../controllers/kube-proxy/index.ts';
import {
  commandText,
  type NftCommand,
  type NftTable,
  type NodeFacts,
  nftList,
  parseNft,
  tableCommands,
} from '../../../src/dataplane/index.ts';
import type { Family } from '../../../src/model/index.ts';
import { firstDifference } from '../difference.ts';
import type { CaseResult, Difference, Suite } from '../suite.ts';
import { flowDifference } from './kube-proxy-nftables/flows.ts';
import { inDumpOrder, inListOrder, inTransactionOrder } from './kube-proxy-nftables/normal-form.ts';
import {
  configOf,
  type RecordedConfig,
  type RecordedStep,
  type Recording,
  recordingOf,
} from './kube-proxy-nftables/recording.ts';
import { factOf, markDigitsOf, nodeFacts, proxyConfig, recordedServicePort } from './kube-proxy-nftables/replay.ts';

/** More and less than the second after which kube-proxy deletes a chain. */
const LONG_MS = 1500;
const SHORT_MS = 100;

function parsed(text: string): readonly NftTable[] {
  const tables = parseNft(text);
  if ('line' in tables) throw new Error(`line ${tables.line} of the given rules: ${tables.message}`);
  return tables;
}

/** Table text in both forms against the recording's; `table` may be written, or read from either form. */
function textsDiffer(step: RecordedStep, table: NftTable, markDigits: number, path: string): Difference | undefined {
  const context = { family: table.family, name: table.name, markDigits };
  const dump = inDumpOrder([...tableCommands(table)].map((command) => commandText(command, context)));
  const recorded = step.ruleset.split('\n').filter((line) => line !== '');
  const difference = firstDifference(recorded, dump, `${path}.ruleset`);
  if (difference !== undefined || step.nftList === undefined) return difference;
  const expected = inListOrder(step.nftList).split('\n');
  return firstDifference(expected, inListOrder(nftList([table])).split('\n'), `${path}.nftList`);
}

/** One node's kube-proxy and what it remembers from step to step. */
class Replay {
  readonly #recorded: RecordedConfig;
  readonly #config: ReturnType<typeof proxyConfig>;
  readonly #family: Family;
  #tracker: ChangeTracker;
  #proxier: NftablesProxier;
  #node: NodeFacts | undefined;
  #at = 0;

  constructor(recorded: RecordedConfig, before: string | undefined) {
    this.#recorded = recorded;
    this.#config = proxyConfig(recorded);
    this.#family = this.#config.family;
    this.#tracker = ChangeTracker.empty(this.#family);
    this.#proxier = new NftablesProxier(this.#config, before === undefined ? undefined : parsed(before)[0]);
  }

  step(step: RecordedStep, settings: RecordedConfig, path: string): Difference | undefined {
    this.#at += step.staleChainsBefore?.some((stale) => stale.olderThanOneSecond) === true ? LONG_MS : SHORT_MS;
    const node = this.#facts(settings);
    const changes = this.#tracker.update({ services: step.services, slices: step.endpointSlices });
    this.#tracker = changes.tracker;
    const { services } = changes.tracker;
    const transactions = this.#proxier.sync({
      services,
      node,
      changed: changes.updatedServices,
      at: this.#at,
      full: step.fullSync === true,
    });
    const ports = services.ports(this.#family).map(({ port }) => recordedServicePort(port, node));
    return (
      firstDifference(step.updatedServices, changes.updatedServices, `${path}.updatedServices`) ??
      firstDifference(step.conntrackCleanupRequired, changes.conntrackCleanupRequired, `${path}.conntrack`) ??
      firstDifference(step.healthCheck, healthCheckOf(changes.tracker, node, this.#family), `${path}.healthCheck`) ??
      firstDifference(step.servicePorts, ports, `${path}.servicePorts`) ??
      this.#transactionsDiffer(step, transactions, path) ??
      textsDiffer(step, this.#proxier.table!, markDigitsOf(this.#recorded), path) ??
      flowDifference(step.flows, this.#proxier.table!, settings, path)
    );
  }

  #facts(settings: RecordedConfig): NodeFacts {
    const facts = nodeFacts(settings);
    if (this.#node === undefined || firstDifference(this.#node, facts) !== undefined) this.#node = facts;
    return this.#node;
  }

  #transactionsDiffer(step: RecordedStep, transactions: readonly (readonly NftCommand[])[], path: string) {
    const context = { family: this.#family, name: 'kube-proxy', markDigits: markDigitsOf(this.#recorded) };
    const got = transactions.map((commands) => ({
      operations: commands.length,
      commands: inTransactionOrder(commands.map((command) => commandText(command, context))),
    }));
    const stale = [...this.#proxier.staleChains.keys()].sort();
    return (
      firstDifference(step.transactions, got, `${path}.transactions`) ??
      firstDifference(step.staleChainsAfter ?? [], stale, `${path}.staleChainsAfter`)
    );
  }
}

function differenceIn({ config, steps, facts = [] }: Recording): Difference | undefined {
  if (steps.length + facts.length === 0) throw new Error('a recording of nothing');
  let settings = config;
  let replay: Replay | undefined;
  for (const [i, step] of steps.entries()) {
    const path = `steps[${i}]`;
    settings = { ...settings, ...step.config };
    if (step.rulesetGiven === true) {
      const table = parsed(step.ruleset)[0]!;
      const difference =
        textsDiffer(step, table, markDigitsOf(settings, step.ruleset), path) ??
        flowDifference(step.flows, table, settings, path);
      if (difference !== undefined) return difference;
      continue;
    }
    const recorded = configOf(settings);
    replay ??= new Replay(recorded, step.rulesetBefore);
    const difference = replay.step(step, recorded, path);
    if (difference !== undefined) return difference;
  }
  for (const [i, fact] of facts.entries()) {
    const difference = firstDifference(fact, factOf(fact), `facts[${i}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

export const kubeProxyNftablesSuite: Suite = {
  name: 'kube-proxy-nftables',
  *run({ name, json }): Iterable<CaseResult> {
    const difference = differenceIn(recordingOf(json));
    if (difference === undefined) yield { case: name, outcome: 'passed' };
    else yield { case: name, outcome: 'failed', difference };
  },
};
