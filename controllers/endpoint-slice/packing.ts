/**
 * How endpoints of one port map are spread over slices, so that few slices are written.
 * Source: k8s.io/endpointslice reconciler.go (`reconcileByPortMapping`), utils.go (`getSliceToFill`).
 *
 * 1. Existing slices lose what is no longer wanted and take over what changed.
 * 2. What is missing fills the slices that must be written anyway, the fullest first.
 * 3. What is left goes, all of it, into one unchanged slice with room for it, or into new slices.
 *
 * Where Kubernetes takes endpoints and slices in the order of a Go map, they are taken by name here.
 */
import type { Endpoint, EndpointSlice, Labels, Pod } from '../../src/model/index.ts';
import { isSameEndpoint, isSameState } from './endpoints.ts';
import { labelsChanged } from './slices.ts';

/** kube-controller-manager --max-endpoints-per-slice */
export const ENDPOINTS_PER_SLICE_MAX = 100;

export interface Packing {
  /** the endpoints of each new slice */
  readonly create: readonly (readonly Endpoint[])[];
  readonly update: readonly { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[];
  readonly delete: readonly EndpointSlice[];
  /** endpoints that were in no slice, or whose serving condition was another */
  readonly changed: readonly Endpoint[];
}

interface Draft {
  readonly slice: EndpointSlice;
  endpoints: Endpoint[];
}

/** Step 1's result. `missing` is what no slice holds yet. */
interface Sorted {
  readonly missing: Map<string, Pod>;
  readonly changed: Endpoint[];
  readonly update: Draft[];
  readonly unchanged: Draft[];
  readonly delete: EndpointSlice[];
}

/** What packing knows of one Service and address type. */
export interface EndpointMaker {
  /** undefined where the pod has no address of the type */
  make(pod: Pod): Endpoint | undefined;
  /** whether `make` would surely say the same again */
  isCurrent(endpoint: Endpoint, pod: Pod): boolean;
}

/**
 * @param existing slices of this port map, sorted by name
 * @param desired pods by name; those that are in a slice already are taken out of it
 * @param labels what slices should carry
 */
export function pack(
  existing: readonly EndpointSlice[],
  desired: Map<string, Pod>,
  maker: EndpointMaker,
  labels: Labels,
): Packing {
  const sorted = keepWanted(existing, desired, maker, labels);
  const { missing, changed, update, unchanged } = sorted;
  const left: Endpoint[] = [];
  for (const name of [...missing.keys()].sort()) {
    const made = maker.make(missing.get(name)!);
    if (made !== undefined) left.push(made);
  }
  changed.push(...left);
  for (const draft of update.toSorted((a, b) => b.endpoints.length - a.endpoints.length)) fill(draft.endpoints, left);
  const create: Endpoint[][] = [];
  while (left.length > 0) {
    const roomy = left.length < ENDPOINTS_PER_SLICE_MAX ? fullestWithRoom(unchanged, left.length) : undefined;
    if (roomy === undefined) create.push([]);
    else update.push(roomy);
    fill(roomy?.endpoints ?? create.at(-1)!, left);
  }
  return { create, update, delete: sorted.delete, changed };
}

function keepWanted(
  existing: readonly EndpointSlice[],
  desired: Map<string, Pod>,
  maker: EndpointMaker,
  labels: Labels,
): Sorted {
  const sorted: Sorted = { missing: desired, changed: [], update: [], unchanged: [], delete: [] };
  for (const slice of existing) {
    const endpoints = slice.endpoints ?? [];
    const kept: Endpoint[] = [];
    for (const before of endpoints) {
      const wanted = take(before, sorted, maker);
      if (wanted !== undefined) kept.push(wanted);
    }
    const isSame = kept.length === endpoints.length && kept.every((endpoint, i) => endpoint === endpoints[i]);
    const draft = { slice, endpoints: kept };
    if (isSame && !labelsChanged(slice, labels)) sorted.unchanged.push(draft);
    else if (kept.length === 0 && endpoints.length > 0) sorted.delete.push(slice);
    else sorted.update.push(draft);
  }
  return sorted;
}

/** The endpoint as it should be: `before` itself where it is so already, undefined where it is not wanted. */
function take(before: Endpoint, { missing, changed }: Sorted, maker: EndpointMaker): Endpoint | undefined {
  const name = before.targetRef?.name ?? '';
  const pod = missing.get(name);
  if (pod === undefined) return undefined;
  if (maker.isCurrent(before, pod)) {
    missing.delete(name);
    return before;
  }
  const wanted = maker.make(pod);
  if (wanted === undefined || !isSameEndpoint(wanted, before)) return undefined;
  missing.delete(name);
  if (wanted.conditions.serving !== before.conditions.serving) changed.push(wanted);
  return isSameState(wanted, before) ? before : wanted;
}

/** Moves endpoints from the front of `left` until the slice is full. */
function fill(endpoints: Endpoint[], left: Endpoint[]): void {
  endpoints.push(...left.splice(0, ENDPOINTS_PER_SLICE_MAX - endpoints.length));
}

/** The slice that is closest to full once `count` more are in it. */
function fullestWithRoom(slices: readonly Draft[], count: number): Draft | undefined {
  let fullest: Draft | undefined;
  for (const draft of slices) {
    if (draft.endpoints.length + count > ENDPOINTS_PER_SLICE_MAX) continue;
    if (fullest === undefined || draft.endpoints.length > fullest.endpoints.length) fullest = draft;
  }
  return fullest;
}
