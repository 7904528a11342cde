/**
 * Address models side by side: the same script is run once in each, and every cell is what came of that run. The aspects are
 * those by which https://learn.microsoft.com/azure/aks/concepts-network-cni-overview tells overlay from flat networks.
 */
import {
  type AddressModel,
  addressOf,
  type ClusterSettings,
  cidrOf,
  contains,
  NODES_PER_POOL_MAX,
} from '../model/index.ts';
import {
  answerOf,
  type EmulatedCluster,
  type Participant,
  type ReachTable,
  reach,
  replay,
  type Scenario,
  withAddressModel,
} from '../scenario/index.ts';
import { forecast } from './forecast.ts';
import { MODEL_TITLES } from './limits.ts';
import type { GrowthStep, Plan } from './plan.ts';
import { prove } from './prove.ts';

export interface Comparison {
  readonly models: readonly AddressModel[];
  readonly rows: readonly { readonly aspect: string; readonly cells: readonly string[] }[];
}

export function compareModels(scenario: Scenario, models: readonly AddressModel[]): Comparison {
  const columns = models.map((model) => columnOf(scenario, model));
  const aspects = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  return {
    models,
    rows: aspects.map((aspect) => ({ aspect, cells: columns.map((column) => column.get(aspect) ?? '') })),
  };
}

/** A Markdown table: aspects down, models across. */
export function comparisonMarkdown({ models, rows }: Comparison): string {
  const lines = [
    ['aspect', ...models.map((model) => MODEL_TITLES[model])],
    ['---', ...models.map(() => '---')],
    ...rows.map(({ aspect, cells }) => [aspect, ...cells]),
  ];
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** By aspect, in the order of the table. */
function columnOf(scenario: Scenario, model: AddressModel): ReadonlyMap<string, string> {
  const settings = withAddressModel(scenario.settings, model);
  const { cluster } = replay({ ...scenario, settings });
  const table = reach(cluster, settings);
  const outside = table.participants.filter(({ role }) => role !== 'pod' && role !== 'node');
  return new Map([
    ['pods get their addresses from', originOf(table, settings)],
    ['addresses of the virtual network in use', String(addressesInUse(cluster, settings, model))],
    ...outside.map(({ role, name }) => [`a pod, seen from: ${role}`, answer(table, podOf(table)?.name, name)] as const),
    ...outside.map((other) => [`connections with: ${other.role}`, directions(table, other)] as const),
    ['nodes until a range is full', nodesUntilFull(scenario, settings)],
  ]);
}

function podOf({ participants }: ReachTable): Participant | undefined {
  return participants.find(({ role }) => role === 'pod');
}

function originOf(table: ReachTable, { virtualNetwork, networkProfile }: ClusterSettings): string {
  const pod = podOf(table);
  if (pod === undefined) return 'no pod listens in this script';
  const address = addressOf(pod.address);
  const subnet = virtualNetwork.subnets.find(({ addressPrefix }) => contains(cidrOf(addressPrefix), address));
  if (subnet !== undefined) return `subnet ${subnet.name} ${subnet.addressPrefix}`;
  return `podCidr ${networkProfile.podCidr}, outside of the virtual network`;
}

/** What machines and their pods' network containers hold of the cluster's subnets. */
function addressesInUse(cluster: EmulatedCluster, { virtualNetwork }: ClusterSettings, model: AddressModel): number {
  const subnets = virtualNetwork.subnets.map(({ addressPrefix }) => cidrOf(addressPrefix));
  const isInside = (text: string) => subnets.some((subnet) => contains(subnet, addressOf(text)));
  let count = 0;
  for (const node of cluster.list('Node')) {
    if (node.kind !== 'Node') continue;
    // A machine of Node Subnet comes with an address for each pod that it may run.
    if (model === 'node-subnet') count += Number(node.status.capacity?.['pods'] ?? 0);
    count += (node.status.addresses ?? []).filter(
      ({ type, address }) => type === 'InternalIP' && isInside(address),
    ).length;
  }
  for (const config of cluster.list('NodeNetworkConfig')) {
    if (config.kind !== 'NodeNetworkConfig') continue;
    for (const { primaryIP = '', ipAssignments = [] } of config.status?.networkContainers ?? [])
      for (const text of [primaryIP, ...ipAssignments.map(({ ip }) => ip)]) count += sizeOfText(text);
  }
  return count;
}

function sizeOfText(text: string): number {
  const length = text.split('/')[1];
  return length === undefined ? 1 : 2 ** (32 - Number(length));
}

function answer(table: ReachTable, from: string | undefined, to: string): string {
  return answerOf(
    table.cells.find((cell) => cell.from === from && cell.to === to),
    table,
  );
}

function directions(table: ReachTable, other: Participant): string {
  const pod = podOf(table)?.name;
  const isReached = (from: string | undefined, to: string | undefined) =>
    table.cells.some((cell) => cell.from === from && cell.to === to && cell.reached);
  const [out, back] = [isReached(pod, other.name), isReached(other.name, pod)];
  if (out && back) return 'both ways';
  return out ? 'pods begin' : back ? 'the other side begins' : 'none';
}

/** Its first pool grows in the emulator until no node fits any more. */
function nodesUntilFull({ name, seed }: Scenario, settings: ClusterSettings): string {
  const steps = settings.agentPoolProfiles.map(
    ({ name: pool, count }, i): GrowthStep => ({
      at: `cluster.agentPoolProfiles[${i}].count`,
      growth: { of: 'nodes', pool, count },
    }),
  );
  const pool = settings.agentPoolProfiles[0]!.name;
  const more: GrowthStep = { at: 'nodes', growth: { of: 'nodes', pool, count: NODES_PER_POOL_MAX } };
  const requirements = { podsReachedByAddress: false };
  const plan: Plan = { name, settings, requirements, steps: [...steps, more] };
  const predicted = forecast(plan);
  const { steps: proven } = prove(plan, predicted, seed);
  const { space } = predicted.failure ?? {};
  return `${proven.at(-1)!.fits ?? 0}${space === undefined ? '' : `; then ${space.name} is full`}`;
}
