/** Which blocks the nodes hold, and which nodes wait for one: kept up to date from the nodes' informer. */
import { cidrOf, type KubernetesObject, type Node } from '../../src/model/index.ts';
import type { ProjectionDeclaration } from '../../src/reconcile/index.ts';
import { blocksOf, type CidrSet } from './cidr-set.ts';

const NO_CIDRS: readonly string[] = [];

export interface NodeBlocks {
  /** the cluster CIDRs that the blocks are numbered in, one for each family */
  sets: readonly CidrSet[];
  /** for each set, blocks that no node may have */
  reserved: readonly ReadonlySet<number>[];
  /** for each set, how many nodes hold each block: two where somebody assigned one by hand */
  holders: readonly Map<number, number>[];
  /** nodes without a pod CIDR that are not being deleted, by name */
  readonly waiting: Map<string, Node>;
}

/** The blocks of Service CIDRs are reserved, where these lie inside. */
export function nodeBlocks(
  sets: readonly CidrSet[],
  serviceCidrs: readonly string[],
): ProjectionDeclaration<NodeBlocks> {
  return {
    name: 'node pod CIDRs',
    kinds: ['Node'],
    create: () => ({ ...unheld(sets, serviceCidrs), waiting: new Map() }),
    apply: (value, before, after) => {
      if (before !== undefined && after !== undefined && keepsBlocks(before as Node, after as Node)) return;
      if (before !== undefined) count(value, before, -1);
      if (after !== undefined) count(value, after, 1);
    },
  };
}

function unheld(sets: readonly CidrSet[], serviceCidrs: readonly string[]): Omit<NodeBlocks, 'waiting'> {
  const reserved = sets.map(() => new Set<number>());
  for (const text of serviceCidrs) for (const [i, block] of blocksWithin(sets, text)) reserved[i]!.add(block);
  return { sets, reserved, holders: sets.map(() => new Map()) };
}

/** Numbers the blocks anew, in other cluster CIDRs. Walks all nodes: for an expansion. */
export function renumber(
  value: NodeBlocks,
  sets: readonly CidrSet[],
  serviceCidrs: readonly string[],
  nodes: Iterable<Node>,
): void {
  Object.assign(value, unheld(sets, serviceCidrs));
  for (const node of nodes) if (podCidrsOf(node).length > 0) count(value, node, 1);
}

function keepsBlocks(before: Node, after: Node): boolean {
  const [had, has] = [podCidrsOf(before), podCidrsOf(after)];
  return has.length > 0 && had.length === has.length && has.every((text, i) => text === had[i]);
}

/** The numbers of the blocks that a CIDR covers in each set. */
export function* blocksWithin(sets: readonly CidrSet[], text: string): Iterable<readonly [set: number, block: number]> {
  const cidr = cidrOf(text);
  for (const [i, set] of sets.entries()) {
    const range = blocksOf(set, cidr);
    if (range === undefined) continue;
    for (let block = range[0]; block <= range[1]; block++) yield [i, block];
  }
}

function count({ holders, sets, waiting }: NodeBlocks, object: KubernetesObject, by: 1 | -1): void {
  const node = object as Node;
  const { name, deletionTimestamp } = node.metadata;
  const cidrs = podCidrsOf(node);
  if (cidrs.length === 0) {
    if (by === 1 && deletionTimestamp === undefined) waiting.set(name, node);
    else waiting.delete(name);
    return;
  }
  for (const text of cidrs) {
    for (const [i, block] of blocksWithin(sets, text)) {
      const held = (holders[i]!.get(block) ?? 0) + by;
      if (held === 0) holders[i]!.delete(block);
      else holders[i]!.set(block, held);
    }
  }
}

export function podCidrsOf({ spec }: Node): readonly string[] {
  return spec.podCIDRs ?? (spec.podCIDR === undefined ? NO_CIDRS : [spec.podCIDR]);
}
