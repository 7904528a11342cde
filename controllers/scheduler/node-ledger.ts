/**
 * The nodes as the scheduler needs them: who has how many pods, in the order to choose from. In place of the real
 * scheduler's cache (kubernetes pkg/scheduler/backend/cache).
 *
 * ```text
 *   taint group (nodes that repel the same pods) -> buckets by number of pods -> nodes by name
 * ```
 *
 * Full nodes are in no bucket: they are neither looked at nor stepped over when there is room elsewhere.
 */
import {
  isPodTerminal,
  type KubernetesObject,
  type Node,
  nodeOrderKey,
  type Pod,
  type Taint,
} from '../../src/model/index.ts';
import type { ProjectionDeclaration } from '../../src/reconcile/index.ts';
import { type HostPort, hostPortsOf } from './pod-class.ts';

export interface NodeEntry {
  readonly name: string;
  readonly order: string;
  /** pods bound to it that have not finished */
  pods: number;
  /** undefined where pods are bound to a node that is not there */
  node: Node | undefined;
  maxPods: number;
  group: TaintGroup | undefined;
}

export interface TaintGroup {
  readonly unschedulable: boolean;
  readonly taints: readonly Taint[];
  /** by number of pods; each by name */
  readonly buckets: NodeEntry[][];
  size: number;
}

export class NodeLedger {
  readonly #entries = new Map<string, NodeEntry>();
  readonly #groups = new Map<string, TaintGroup>();
  /** nodes by `key=value` of their labels */
  readonly #byLabel = new Map<string, Set<NodeEntry>>();
  /** nodes by the ports that pods take on them, and how many pods take each: more than one where somebody bound them so */
  readonly #byHostPort = new Map<HostPort, Map<NodeEntry, number>>();
  #nodes = 0;

  /** how many nodes there are */
  get size(): number {
    return this.#nodes;
  }

  get groups(): Iterable<TaintGroup> {
    return this.#groups.values();
  }

  labelled(key: string, value: string): ReadonlySet<NodeEntry> {
    return this.#byLabel.get(`${key}=${value}`) ?? NOBODY;
  }

  /** the nodes on which a pod has this port */
  holding(port: HostPort): ReadonlyMap<NodeEntry, number> {
    return this.#byHostPort.get(port) ?? NO_HOLDERS;
  }

  setNode(name: string, node: Node | undefined): void {
    const entry = this.#entry(name);
    this.#takeOut(entry);
    this.#leaveGroup(entry);
    this.#relabel(entry, node);
    entry.node = node;
    if (node !== undefined) {
      entry.maxPods = Number(node.status.allocatable?.['pods'] ?? 0);
      this.#joinGroup(entry, node);
    }
    this.#putIn(entry);
    this.#forgetIfEmpty(entry);
  }

  /** The node changed in nothing that decides its place. */
  renewNode(node: Node): void {
    this.#entry(node.metadata.name).node = node;
  }

  addPods(name: string, count: 1 | -1): void {
    const entry = this.#entry(name);
    this.#takeOut(entry);
    entry.pods += count;
    this.#putIn(entry);
    this.#forgetIfEmpty(entry);
  }

  addHostPorts(name: string, ports: readonly HostPort[], count: 1 | -1): void {
    if (ports.length === 0) return;
    const entry = this.#entry(name);
    for (const port of ports) {
      const holders = this.#byHostPort.get(port) ?? new Map<NodeEntry, number>();
      const pods = (holders.get(entry) ?? 0) + count;
      if (pods === 0) holders.delete(entry);
      else holders.set(entry, pods);
      if (holders.size === 0) this.#byHostPort.delete(port);
      else this.#byHostPort.set(port, holders);
    }
  }

  #entry(name: string): NodeEntry {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { name, order: nodeOrderKey(name), pods: 0, node: undefined, maxPods: 0, group: undefined };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #forgetIfEmpty(entry: NodeEntry): void {
    if (entry.node === undefined && entry.pods === 0) this.#entries.delete(entry.name);
  }

  #joinGroup(entry: NodeEntry, { spec }: Node): void {
    const unschedulable = spec.unschedulable === true;
    const taints = (spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule');
    const signature = signatureOf(unschedulable, taints);
    let group = this.#groups.get(signature);
    if (group === undefined) {
      group = { unschedulable, taints, buckets: [], size: 0 };
      this.#groups.set(signature, group);
    }
    group.size++;
    entry.group = group;
    this.#nodes++;
  }

  #leaveGroup(entry: NodeEntry): void {
    const { group } = entry;
    if (group === undefined) return;
    entry.group = undefined;
    this.#nodes--;
    if (--group.size > 0) return;
    for (const [signature, other] of this.#groups) if (other === group) this.#groups.delete(signature);
  }

  #putIn(entry: NodeEntry): void {
    if (entry.group === undefined || entry.pods >= entry.maxPods) return;
    const { buckets } = entry.group;
    while (buckets.length <= entry.pods) buckets.push([]);
    const bucket = buckets[entry.pods]!;
    bucket.splice(placeOf(entry, bucket), 0, entry);
  }

  #takeOut(entry: NodeEntry): void {
    const bucket = entry.group?.buckets[entry.pods];
    if (bucket === undefined) return;
    const place = placeOf(entry, bucket);
    if (bucket[place] === entry) bucket.splice(place, 1);
  }

  #relabel(entry: NodeEntry, node: Node | undefined): void {
    if (entry.node !== undefined && entry.node.metadata.labels === node?.metadata.labels) return;
    for (const label of labelsOf(entry.node)) this.#unlabel(label, entry);
    for (const label of labelsOf(node)) this.#label(label, entry);
  }

  #label(label: string, entry: NodeEntry): void {
    const labelled = this.#byLabel.get(label);
    if (labelled === undefined) this.#byLabel.set(label, new Set([entry]));
    else labelled.add(entry);
  }

  #unlabel(label: string, entry: NodeEntry): void {
    const labelled = this.#byLabel.get(label);
    if (labelled?.delete(entry) && labelled.size === 0) this.#byLabel.delete(label);
  }
}

const NO_HOLDERS: ReadonlyMap<NodeEntry, number> = new Map();
const NOBODY: ReadonlySet<NodeEntry> = new Set();

export const NODE_LEDGER: ProjectionDeclaration<NodeLedger> = {
  name: 'scheduler node ledger',
  kinds: ['Node', 'Pod'],
  create: () => new NodeLedger(),
  apply: (ledger, before, after) => {
    const object = after ?? before;
    if (object?.kind === 'Node') applyNode(ledger, before as Node | undefined, after as Node | undefined);
    else applyPod(ledger, before as Pod | undefined, after as Pod | undefined);
  },
};

function applyNode(ledger: NodeLedger, before: Node | undefined, after: Node | undefined): void {
  const same =
    before !== undefined &&
    after !== undefined &&
    before.spec.unschedulable === after.spec.unschedulable &&
    before.spec.taints === after.spec.taints &&
    before.metadata.labels === after.metadata.labels &&
    before.status.allocatable === after.status.allocatable;
  if (same) ledger.renewNode(after);
  else ledger.setNode((after ?? before)!.metadata.name, after);
}

function applyPod(ledger: NodeLedger, before: Pod | undefined, after: Pod | undefined): void {
  const [was, is] = [occupied(before), occupied(after)];
  if (was === is) return;
  if (was !== undefined) {
    ledger.addHostPorts(was, hostPortsOf(before!), -1);
    ledger.addPods(was, -1);
  }
  if (is !== undefined) {
    ledger.addPods(is, 1);
    ledger.addHostPorts(is, hostPortsOf(after!), 1);
  }
}

/** The node whose room a pod takes. */
export function occupied(pod: Pod | undefined): string | undefined {
  return pod?.spec.nodeName === undefined || isPodTerminal(pod) ? undefined : pod.spec.nodeName;
}

/** The same for nodes that repel the same pods. */
function signatureOf(unschedulable: boolean, taints: readonly Taint[]): string {
  if (taints.length === 0) return String(unschedulable);
  return JSON.stringify([unschedulable, taints.map(({ key, value, effect }) => [key, value, effect])]);
}

function labelsOf(node: KubernetesObject | undefined): readonly string[] {
  return Object.entries(node?.metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`);
}

/** Where the entry is, or would be, in a bucket sorted by name. */
function placeOf({ order }: NodeEntry, bucket: readonly NodeEntry[]): number {
  let low = 0;
  let high = bucket.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bucket[middle]!.order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}
