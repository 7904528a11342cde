/**
 * Gives each node its block of the cluster CIDR: one /24 a node for Azure CNI Overlay.
 * Source: kubernetes pkg/controller/nodeipam/ipam (range_allocator.go, cidrset/cidr_set.go).
 *
 * One key, `waiting`, serves all nodes that wait, in the order of their names: what one takes the next must not, and
 * neither shows in the informer's cache yet. The other keys are node names, and only tell of nodes that there is no block for.
 */
import { type Key, type Node, nodeOrderKey } from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { blockAt, cidrSet } from './cidr-set.ts';
import { type NodeBlocks, nodeBlocks, podCidrsOf, renumber } from './node-blocks.ts';

export interface IpamOptions {
  /** one for each family: `['10.244.0.0/16']` */
  readonly clusterCidrs: readonly string[];
  /** the length of a node's prefix in each: `[24]` */
  readonly nodeMaskSizes: readonly number[];
  /** set aside where they lie inside of a cluster CIDR */
  readonly serviceCidrs?: readonly string[];
}

/** Loaded when the cluster CIDR has been expanded: the larger one. */
export const CLUSTER_CIDR_FILE = 'cluster-cidr';
const WAITING: Key = 'waiting';

/** Nodes served in one reconcile. */
export const NODES_AT_ONCE_MAX = 1000;
/** How long after a node came it is looked whether it has been served. */
const LOOK_AGAIN_AFTER_MS = 1000;

export function ipam({ clusterCidrs, nodeMaskSizes, serviceCidrs = [] }: IpamOptions): Controller {
  const sets = clusterCidrs.map((text, i) => cidrSet(text, nodeMaskSizes[i]!));
  const declaration = nodeBlocks(sets, serviceCidrs);
  return {
    name: 'node-ipam-controller',
    program: 'kube-controller-manager',
    projections: [declaration],
    watches: {
      Node: (node, view) => {
        // A node that has its block concerns others only when it goes, and gives the block back.
        if (podCidrsOf(node).length === 0) return [WAITING, `node/${node.metadata.name}`];
        const gone = view.get('Node', node.metadata.name)?.metadata.uid !== node.metadata.uid;
        return gone && view.projection(declaration).waiting.size > 0 ? [WAITING] : [];
      },
    },
    pieces: { file: (name) => (name === CLUSTER_CIDR_FILE ? [WAITING] : []) },
    reconcile: (view, key) => {
      const blocks = view.projection(declaration);
      const [first, ...others] = blocks.sets;
      const range = view.dataplane.file.get(CLUSTER_CIDR_FILE) ?? first!.text;
      if (range !== first!.text)
        renumber(blocks, [cidrSet(range, first!.nodeMaskSize), ...others], serviceCidrs, view.list('Node'));
      return key === WAITING ? serve(blocks, view) : tellOfShortage(blocks, key.slice('node/'.length));
    },
  };
}

/** Hands out blocks, going round from where the last search ended: a freed one is not reused at once. */
function serve(held: NodeBlocks, view: View): readonly Intent[] {
  const { holders, reserved, sets, waiting } = held;
  // Asked at every change of a waiting node: where nothing is left, that must cost nothing.
  if (waiting.size === 0 || freeBlocks(held) <= 0) return [];
  const cursors = sets.map(({ text }) => view.dataplane.podCidrCursor.get(text) ?? 0);
  const taken = sets.map(() => new Set<number>());
  const intents: Intent[] = [];
  const nodes = inNameOrder(waiting.values());
  for (const node of nodes.slice(0, NODES_AT_ONCE_MAX)) {
    const found = sets.map((set, i) =>
      nextFree(set.blocks, cursors[i]!, (block) => {
        return holders[i]!.has(block) || reserved[i]!.has(block) || taken[i]!.has(block);
      }),
    );
    // All or nothing: a node of two families needs a block of each.
    if (found.includes(undefined)) break;
    found.forEach((block, i) => {
      taken[i]!.add(block!);
      cursors[i] = (block! + 1) % sets[i]!.blocks;
    });
    intents.push(
      assign(
        node,
        found.map((block, i) => blockAt(sets[i]!, block!)),
      ),
    );
  }
  if (intents.length === 0) return [];
  for (const [i, { text }] of sets.entries()) {
    const expected = view.dataplane.podCidrCursor.get(text);
    intents.push({ do: 'program', piece: 'podCidrCursor', key: text, value: cursors[i]!, expected });
  }
  if (nodes.length > NODES_AT_ONCE_MAX) intents.push({ do: 'again', afterMs: 0 });
  return intents;
}

/** Blocks left in the set that has the fewest. */
function freeBlocks({ holders, reserved, sets }: NodeBlocks): number {
  return Math.min(...sets.map(({ blocks }, i) => blocks - reserved[i]!.size - holders[i]!.size));
}

function nextFree(blocks: number, cursor: number, isTaken: (block: number) => boolean): number | undefined {
  for (let i = 0; i < blocks; i++) {
    const block = (cursor + i) % blocks;
    if (!isTaken(block)) return block;
  }
  return undefined;
}

function assign({ metadata }: Node, podCIDRs: readonly string[]): Intent {
  const patch = { spec: { podCIDR: podCIDRs[0], podCIDRs } };
  return { do: 'patch', kind: 'Node', key: metadata.name, patch, precondition: { uid: metadata.uid } };
}

/** An Event on a node that no block is left for, each time that the node changes, as the real one tries again then. */
function tellOfShortage(held: NodeBlocks, name: string): readonly Intent[] {
  const { waiting } = held;
  const node = waiting.get(name);
  if (node === undefined) return [];
  const free = freeBlocks(held);
  // There is a block for it: it is being served, or was while the informers had not told yet.
  if (free > 0) return waiting.size > free ? [{ do: 'again', afterMs: LOOK_AGAIN_AFTER_MS }] : [];
  const message = `Node ${name} status is now: CIDRNotAvailable`;
  return [{ do: 'event', about: node, type: 'Normal', reason: 'CIDRNotAvailable', message }];
}

/** A node's place is spelled out once, not at each comparison. */
function inNameOrder(nodes: Iterable<Node>): readonly Node[] {
  const placed = Array.from(nodes, (node) => ({ node, place: nodeOrderKey(node.metadata.name) }));
  return placed.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ node }) => node);
}
