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
import type { Endpoint, EndpointSlice, Labels } from '../../src/model/index.ts';
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
  readonly missing: Map<string, Endpoint>;
  readonly changed: Endpoint[];
  readonly update: Draft[];
  readonly unchanged: Draft[];
  readonly delete: EndpointSlice[];
}

/**
 * @param existing slices of this port map, sorted by name
 * @param desired endpoints by pod name; those that are in a slice already are taken out of it
 * @param labels what slices should carry
 */
export function pack(existing: readonly EndpointSlice[], desired: Map<string, Endpoint>, labels: Labels): Packing {
  const sorted = keepWanted(existing, desired, labels);
  const { missing, changed, update, unchanged } = sorted;
  const left = [...missing.keys()].sort().map((name) => missing.get(name)!);
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

function keepWanted(existing: readonly EndpointSlice[], desired: Map<string, Endpoint>, labels: Labels): Sorted {
  const sorted: Sorted = { missing: desired, changed: [], update: [], unchanged: [], delete: [] };
  for (const slice of existing) {
    const endpoints = slice.endpoints ?? [];
    const kept: Endpoint[] = [];
    let updated = false;
    for (const before of endpoints) {
      const name = before.targetRef?.name ?? '';
      const wanted = sorted.missing.get(name);
      if (wanted === undefined || (wanted !== before && !isSameEndpoint(wanted, before))) continue;
      sorted.missing.delete(name);
      if (wanted.conditions.serving !== before.conditions.serving) sorted.changed.push(wanted);
      const same = wanted === before || isSameState(wanted, before);
      updated ||= !same;
      // A slice that is written gets its endpoints without hints; they are put on at the end, for all.
      kept.push(same && before.hints === undefined ? before : wanted);
    }
    const isSame = !updated && kept.length === endpoints.length;
    const draft = { slice, endpoints: isSame ? [...endpoints] : kept };
    if (isSame && !labelsChanged(slice, labels)) sorted.unchanged.push(draft);
    else if (kept.length === 0 && endpoints.length > 0) sorted.delete.push(slice);
    else sorted.update.push(draft);
  }
  return sorted;
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
