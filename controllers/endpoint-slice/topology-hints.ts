/**
 * Hints of `service.kubernetes.io/topology-mode: Auto`: each zone gets endpoints in proportion to its CPU, most of them its
 * own, some lent by zones that have too many. Where no fair share can be had, nobody gets hints.
 * Source: k8s.io/endpointslice topologycache/{topologycache,sliceinfo,utils}.go; KEP-2433.
 *
 * 1. `allocationsOf`: how many endpoints each zone should and may have.
 * 2. Slices that need not be written keep their hints as long as these leave the shares possible.
 * 3. The endpoints of the rest get the hint of their own zone, then `lend` moves some over.
 *
 * Where Kubernetes goes through zones in the order of a Go map, they are taken by name here.
 */
import type { Endpoint, EndpointSlice, Service } from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';
import type { AddressType } from './endpoints.ts';
import type { Plan } from './plan.ts';

/** how much more than its fair share an endpoint may have to bear */
const OVERLOAD_MAX = 0.2;

type Shares = ReadonlyMap<string, number>;
type Counts = Map<string, number>;

interface Allocation {
  readonly maximum: number;
  readonly desired: number;
}

export interface HintedPlan {
  readonly plan: Plan;
  readonly events: readonly Intent[];
}

export function isTopologyAware({ metadata: { annotations = {} } }: Service): boolean {
  const mode =
    annotations['service.kubernetes.io/topology-aware-hints'] ?? annotations['service.kubernetes.io/topology-mode'];
  return mode === 'Auto' || mode === 'auto';
}

const isReady = ({ conditions }: Endpoint) => conditions.ready === true;

function leastOf(share: number, endpoints: number): number {
  return Math.ceil(share * endpoints * (1 / (1 + OVERLOAD_MAX)));
}

/** What each zone should have; a text, in Kubernetes' words, where that can't be done. */
function allocationsOf(shares: Shares | undefined, endpoints: number): ReadonlyMap<string, Allocation> | string {
  if (shares === undefined)
    return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const counts = `(${endpoints} endpoints, ${shares.size} zones)`;
  if (shares.size > endpoints) return `Insufficient number of endpoints ${counts}`;
  let least = 0;
  for (const share of shares.values()) least += leastOf(share, endpoints);
  if (least > endpoints)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counts}`;
  const allocation = (share: number): Allocation => {
    const minimum = leastOf(share, endpoints);
    return { maximum: minimum + endpoints - least, desired: Math.max(share * endpoints, minimum) };
  };
  return new Map([...shares].map(([zone, share]) => [zone, allocation(share)]));
}

function add(counts: Counts, zone: string, by: number): void {
  counts.set(zone, (counts.get(zone) ?? 0) + by);
}

/** How many of a slice's hints each zone has; undefined where an endpoint has none, or one of a zone that has none to get. */
function hintsIn(slice: EndpointSlice, allocations: ReadonlyMap<string, Allocation>): Counts | undefined {
  const counts: Counts = new Map();
  for (const endpoint of slice.endpoints ?? []) {
    if (!isReady(endpoint)) continue;
    const forZones = endpoint.hints?.forZones ?? [];
    if (forZones.length === 0) return undefined;
    for (const { name } of forZones) {
      if (!allocations.has(name)) return undefined;
      add(counts, name, 1);
    }
  }
  return counts;
}

/** Takes in the slices that may stay as they are; returns the others. */
function keepHints(
  unchanged: readonly EndpointSlice[],
  allocations: ReadonlyMap<string, Allocation>,
  allocated: Counts,
): readonly EndpointSlice[] {
  return unchanged.filter((slice) => {
    const counts = hintsIn(slice, allocations);
    if (counts === undefined) return true;
    for (const [zone, hints] of counts)
      if (hints + (allocated.get(zone) ?? 0) > allocations.get(zone)!.maximum) return true;
    for (const [zone, hints] of counts) add(allocated, zone, hints);
    return false;
  });
}

function mostOf(counts: Counts): readonly [zone: string | undefined, count: number] {
  let most: readonly [string | undefined, number] = [undefined, 0];
  for (const [zone, count] of counts) if (count > most[1]) most = [zone, count];
  return most;
}

/** Who lends how many endpoints, and who is lent how many. */
function loansOf(allocations: ReadonlyMap<string, Allocation>, allocated: Counts) {
  const surplus: Counts = new Map();
  const want: Counts = new Map();
  for (const [zone, { desired }] of allocations) {
    const has = allocated.get(zone) ?? 0;
    if (has > desired) surplus.set(zone, has - desired);
    else if (has < desired) want.set(zone, desired - has);
  }
  const giving: Counts = new Map();
  const receiving: Counts = new Map();
  for (;;) {
    const [giver, toGive] = mostOf(surplus);
    const [receiver, toReceive] = mostOf(want);
    if (giver === undefined || receiver === undefined) break;
    if ((toGive < 1 && toReceive < 1) || toGive < 0.5 || toReceive < 0.5) break;
    add(giving, giver, 1);
    add(surplus, giver, -1);
    add(receiving, receiver, 1);
    add(want, receiver, -1);
  }
  return { giving, receiving };
}

type Hint = (endpoint: Endpoint) => Endpoint;

/** Gives ready endpoints, one after the other, their own zone's hint, or the hint of the zone that theirs lends to. */
function lender({ giving, receiving }: ReturnType<typeof loansOf>): Hint {
  return (endpoint) => {
    const own = endpoint.zone!;
    const receiver = (giving.get(own) ?? 0) > 0 ? [...receiving].find(([, count]) => count > 0)?.[0] : undefined;
    if (receiver !== undefined) {
      add(giving, own, -1);
      add(receiving, receiver, -1);
    }
    return { ...endpoint, hints: { forZones: [{ name: receiver ?? own }] } };
  };
}

function withoutHints({ hints: _, ...endpoint }: Endpoint): Endpoint {
  return endpoint;
}

/** The plan with `hint` on all endpoints that it writes, and with further slices written. */
function mapped(plan: Plan, further: readonly EndpointSlice[], hint: Hint): Plan {
  return {
    create: plan.create.map(({ ports, endpoints }) => ({ ports, endpoints: endpoints.map(hint) })),
    update: [...plan.update, ...further.map((slice) => ({ slice, endpoints: slice.endpoints ?? [] }))].map(
      ({ slice, endpoints }) => ({ slice, endpoints: endpoints.map(hint) }),
    ),
    delete: plan.delete,
  };
}

function hasHints(slice: EndpointSlice): boolean {
  return (slice.endpoints ?? []).some(({ hints }) => hints !== undefined);
}

/**
 * The plan with hints by the zones' shares of CPU, and what the Service's Events say of it.
 * @param shares of the CPU, by zone; undefined where they are not known
 */
export function withTopologyHints(
  plan: Plan,
  existing: readonly EndpointSlice[],
  service: Service,
  addressType: AddressType,
  shares: Shares | undefined,
): HintedPlan {
  const touched = new Set([...plan.update.map(({ slice }) => slice), ...plan.delete]);
  const unchanged = existing.filter((slice) => !touched.has(slice));
  const event = (type: 'Normal' | 'Warning', reason: string, text: string): Intent => {
    return { do: 'event', about: service, type, reason, message: `${text}, addressType: ${addressType}` };
  };
  const disabled = (text: string): HintedPlan => ({
    plan: mapped(plan, unchanged.filter(hasHints), withoutHints),
    events: [event('Warning', 'TopologyAwareHintsDisabled', text)],
  });
  const all = [...plan.create, ...plan.update, ...unchanged].flatMap(({ endpoints }) => endpoints ?? []);
  const allocations = allocationsOf(shares, all.filter(isReady).length);
  if (typeof allocations === 'string') return disabled(allocations);

  const allocated: Counts = new Map();
  const stale = keepHints(unchanged, allocations, allocated);
  const written = [...plan.create, ...plan.update, ...stale].flatMap(({ endpoints }) => endpoints ?? []);
  for (const { zone = '' } of written.filter(isReady)) {
    if (zone === '') return disabled('One or more endpoints do not have a zone specified');
    add(allocated, zone, 1);
  }
  const lend = lender(loansOf(allocations, allocated));
  const isNew = !existing.some(hasHints);
  return {
    plan: mapped(plan, stale, (endpoint) => (isReady(endpoint) ? lend(endpoint) : endpoint)),
    events: isNew ? [event('Normal', 'TopologyAwareHintsEnabled', 'Topology Aware Hints has been enabled')] : [],
  };
}

/** Whether some zone has fewer endpoints hinted than its share needs, so that each bears too much (`serviceOverloaded`). */
export function isOverloaded(slices: Iterable<EndpointSlice>, shares: Shares | undefined): boolean {
  const counts: Counts = new Map();
  let total = 0;
  for (const { endpoints } of slices) {
    for (const { hints } of endpoints ?? []) {
      for (const { name } of hints?.forZones ?? []) {
        add(counts, name, 1);
        total++;
      }
    }
  }
  if (total === 0) return false;
  if (shares === undefined) return true;
  return [...shares].some(([zone, share]) => (counts.get(zone) ?? 0) < leastOf(share, total));
}
