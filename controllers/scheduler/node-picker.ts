/**
 * Chooses nodes for the pods of one class: the one with the fewest pods, of those the first by name. Choices made before in
 * the same reconcile count, although no informer has seen them, as the real scheduler assumes its bindings.
 */
import type { NodeEntry, NodeLedger, TaintGroup } from './node-ledger.ts';
import { type HostPort, type PodClass, refusalOf, selects } from './pod-class.ts';

/** Pods given to nodes in this reconcile, and the ports that they take there, on top of what the ledger counts. */
export class Assumed {
  readonly #pods = new Map<NodeEntry, number>();
  readonly #hostPorts = new Map<HostPort, Set<NodeEntry>>();

  has(entry: NodeEntry): boolean {
    return this.#pods.has(entry);
  }

  podsOn(entry: NodeEntry): number {
    return this.#pods.get(entry) ?? 0;
  }

  holding(port: HostPort): ReadonlySet<NodeEntry> {
    return this.#hostPorts.get(port) ?? NOBODY;
  }

  add(entry: NodeEntry, hostPorts: readonly HostPort[]): void {
    this.#pods.set(entry, this.podsOn(entry) + 1);
    for (const port of hostPorts) {
      const holders = this.#hostPorts.get(port);
      if (holders === undefined) this.#hostPorts.set(port, new Set([entry]));
      else holders.add(entry);
    }
  }
}

const NOBODY: ReadonlySet<NodeEntry> = new Set();

/** A label that so few nodes have is looked up; one that more have is met soon enough on the way through the buckets. */
const RARE_SHARE = 1 / 8;

interface Candidate {
  readonly entry: NodeEntry;
  /** its pods when it was put into the heap; may be out of date */
  readonly pods: number;
}

export class NodePicker {
  readonly #class: PodClass;
  readonly #ledger: NodeLedger;
  readonly #assumed: Assumed;
  readonly #cursors: BucketCursor[] = [];
  readonly #heap: Candidate[] = [];

  constructor(podClass: PodClass, ledger: NodeLedger, assumed: Assumed) {
    this.#class = podClass;
    this.#ledger = ledger;
    this.#assumed = assumed;
    const rare = rarestLabel(podClass, ledger);
    if (rare !== undefined && rare.size <= ledger.size * RARE_SHARE) {
      for (const entry of rare) if (this.#admits(entry)) this.#push(entry);
      return;
    }
    for (const group of ledger.groups) {
      if (refusalOf(podClass, group.unschedulable, group.taints) === undefined)
        this.#cursors.push(new BucketCursor(group));
    }
  }

  /** The next node, which is assumed to have one more pod from now on; undefined where none has room. */
  pick(): NodeEntry | undefined {
    for (;;) {
      const cursor = this.#lowestCursor();
      const head = cursor?.head;
      if (head !== undefined && (this.#assumed.has(head) || !this.#suits(head))) {
        cursor!.advance();
        if (this.#assumed.has(head) && this.#admits(head)) this.#push(head);
        continue;
      }
      const top = this.#heap[0];
      if (top === undefined && head === undefined) return undefined;
      if (top === undefined || (head !== undefined && before(candidateOf(head), top))) {
        cursor!.advance();
        return this.#take(head!);
      }
      popHeap(this.#heap);
      const pods = this.#podsOf(top.entry);
      if (pods >= top.entry.maxPods || !this.#hasFreePorts(top.entry)) continue;
      // Another class has been given this node meanwhile: it goes back to where it belongs now.
      if (pods !== top.pods) this.#push(top.entry);
      else return this.#take(top.entry);
    }
  }

  #take(entry: NodeEntry): NodeEntry {
    this.#assumed.add(entry, this.#class.hostPorts);
    this.#push(entry);
    return entry;
  }

  #podsOf(entry: NodeEntry): number {
    return entry.pods + this.#assumed.podsOn(entry);
  }

  #suits(entry: NodeEntry): boolean {
    return selects(this.#class, entry.node?.metadata.labels) && this.#hasFreePorts(entry);
  }

  #hasFreePorts(entry: NodeEntry): boolean {
    for (const port of this.#class.hostPorts) {
      if (this.#ledger.holding(port).has(entry) || this.#assumed.holding(port).has(entry)) return false;
    }
    return true;
  }

  #admits(entry: NodeEntry): boolean {
    const { node, group } = entry;
    if (node === undefined || group === undefined || !this.#suits(entry)) return false;
    return refusalOf(this.#class, group.unschedulable, group.taints) === undefined;
  }

  #push(entry: NodeEntry): void {
    const pods = this.#podsOf(entry);
    if (pods < entry.maxPods) pushHeap(this.#heap, { entry, pods });
  }

  #lowestCursor(): BucketCursor | undefined {
    let lowest: BucketCursor | undefined;
    for (const cursor of this.#cursors) {
      if (cursor.head === undefined) continue;
      if (lowest === undefined || before(candidateOf(cursor.head), candidateOf(lowest.head!))) lowest = cursor;
    }
    return lowest;
  }
}

/** Walks one taint group's nodes, those with the fewest pods first. */
class BucketCursor {
  readonly #buckets: readonly (readonly NodeEntry[])[];
  #bucket = 0;
  #place = 0;
  head: NodeEntry | undefined;

  constructor({ buckets }: TaintGroup) {
    this.#buckets = buckets;
    this.#settle();
  }

  advance(): void {
    this.#place++;
    this.#settle();
  }

  #settle(): void {
    while (this.#bucket < this.#buckets.length && this.#place >= this.#buckets[this.#bucket]!.length) {
      this.#bucket++;
      this.#place = 0;
    }
    this.head = this.#buckets[this.#bucket]?.[this.#place];
  }
}

/** The nodes of the selector's rarest label; undefined without a selector. */
export function rarestLabel({ nodeSelector }: PodClass, ledger: NodeLedger): ReadonlySet<NodeEntry> | undefined {
  let rarest: ReadonlySet<NodeEntry> | undefined;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const labelled = ledger.labelled(key, value);
    if (rarest === undefined || labelled.size < rarest.size) rarest = labelled;
  }
  return rarest;
}

function candidateOf(entry: NodeEntry): Candidate {
  return { entry, pods: entry.pods };
}

function before(a: Candidate, b: Candidate): boolean {
  return a.pods === b.pods ? a.entry.order < b.entry.order : a.pods < b.pods;
}

function pushHeap(heap: Candidate[], candidate: Candidate): void {
  let place = heap.push(candidate) - 1;
  while (place > 0) {
    const parent = (place - 1) >>> 1;
    if (!before(candidate, heap[parent]!)) break;
    heap[place] = heap[parent]!;
    place = parent;
  }
  heap[place] = candidate;
}

function popHeap(heap: Candidate[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = last;
}
