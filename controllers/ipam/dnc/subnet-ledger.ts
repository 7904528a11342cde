/** Who holds which addresses of a pod subnet, and which nodes wait for DNC: kept up to date from its informers. */
import {
  type Ipv4,
  type KubernetesObject,
  type Node,
  type NodeNetworkConfig,
  POD_NETWORK_SUBNET_LABEL,
  parseCidr,
  podNetworkOf,
  sizeOf,
} from '../../../src/model/index.ts';
import type { ProjectionDeclaration } from '../../../src/reconcile/index.ts';

export interface SubnetLedger {
  readonly nodes: Map<string, Node>;
  /** by node name */
  readonly configs: Map<string, NodeNetworkConfig>;
  /** how many nodes hold each address: two where somebody wrote one by hand */
  readonly holders: Map<Ipv4, number>;
  /** no free address lies below */
  lowestFree: Ipv4;
  /** names of nodes for which something is to be done */
  readonly due: Set<string>;
  /** names of nodes whose last request could not be met */
  readonly refused: Set<string>;
}

/** What DNC writes into a network container whose request could not be met. */
export const SUBNET_FULL = 'NCUpdateSubnetFullError';

export type SubnetLedgers = Map<string, SubnetLedger>;

export const SUBNET_LEDGERS: ProjectionDeclaration<SubnetLedgers> = {
  name: 'pod subnets',
  kinds: ['Node', 'NodeNetworkConfig'],
  create: () => new Map(),
  apply: (ledgers, before, after) => {
    const subnet = subnetOf(after ?? before!);
    if (subnet === undefined) return;
    const ledger = ledgerOf(ledgers, subnet);
    const { name } = (after ?? before!).metadata;
    if ((after ?? before!).kind === 'Node') fileNode(ledger, name, after as Node | undefined);
    else fileConfig(ledger, name, before as NodeNetworkConfig | undefined, after as NodeNetworkConfig | undefined);
    if (isDue(ledger.nodes.get(name), ledger.configs.get(name))) ledger.due.add(name);
    else ledger.due.delete(name);
  },
};

export function ledgerOf(ledgers: SubnetLedgers, subnet: string): SubnetLedger {
  let ledger = ledgers.get(subnet);
  if (ledger === undefined) {
    ledger = {
      nodes: new Map(),
      configs: new Map(),
      holders: new Map(),
      lowestFree: 0,
      due: new Set(),
      refused: new Set(),
    };
    ledgers.set(subnet, ledger);
  }
  return ledger;
}

/** The pod subnet that a node takes its pods' addresses from, or that a config is of. */
export function subnetOf(object: KubernetesObject): string | undefined {
  if (object.kind === 'Node') return podNetworkOf(object)?.subnet;
  return object.metadata.labels?.[POD_NETWORK_SUBNET_LABEL];
}

function fileNode(ledger: SubnetLedger, name: string, node: Node | undefined): void {
  if (node === undefined || node.metadata.deletionTimestamp !== undefined) ledger.nodes.delete(name);
  else ledger.nodes.set(name, node);
}

function fileConfig(
  ledger: SubnetLedger,
  name: string,
  before: NodeNetworkConfig | undefined,
  after: NodeNetworkConfig | undefined,
): void {
  if (after === undefined) ledger.configs.delete(name);
  else ledger.configs.set(name, after);
  if (after?.status?.networkContainers?.[0]?.status === SUBNET_FULL) ledger.refused.add(name);
  else ledger.refused.delete(name);
  const [held, holds] = [before?.status?.networkContainers, after?.status?.networkContainers];
  if (held === holds) return;
  for (const address of addressesOf(before)) count(ledger, address, -1);
  for (const address of addressesOf(after)) count(ledger, address, 1);
}

function count(ledger: SubnetLedger, address: Ipv4, by: 1 | -1): void {
  const held = (ledger.holders.get(address) ?? 0) + by;
  if (held > 0) ledger.holders.set(address, held);
  else ledger.holders.delete(address);
  if (held <= 0 && address < ledger.lowestFree) ledger.lowestFree = address;
}

/** Every address of the subnet that a node holds, its network container's own too. */
function* addressesOf(config: NodeNetworkConfig | undefined): Iterable<Ipv4> {
  for (const { primaryIP = '', ipAssignments = [] } of config?.status?.networkContainers ?? []) {
    for (const text of [primaryIP, ...ipAssignments.map(({ ip }) => ip)]) {
      const block = parseCidr(text.includes('/') ? text : `${text}/32`);
      if (block === undefined) continue;
      for (let i = 0; i < sizeOf(block); i++) yield (block.network as Ipv4) + i;
    }
  }
}

/** Whether DNC has something to do for the node: a config is missing, stale, or not what its CNS asks for. */
function isDue(node: Node | undefined, config: NodeNetworkConfig | undefined): boolean {
  if (node === undefined || config === undefined) return node !== config;
  if (!isOf(config, node)) return true;
  const [container] = config.status?.networkContainers ?? [];
  if (container?.primaryIP === undefined) return true;
  if (podNetworkOf(node)?.type === 'vnetblock') return false;
  const names = new Set(container.ipAssignments?.map(({ name }) => name));
  const { requestedIPCount, ipsNotInUse = [] } = config.spec;
  return names.size !== requestedIPCount || ipsNotInUse.some((name) => names.has(name));
}

/** Whether a config was made for this node, and not for an earlier one of its name. */
export function isOf({ metadata }: NodeNetworkConfig, node: Node): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === node.metadata.uid) === true;
}
