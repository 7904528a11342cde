/**
 * One Service: its slices compared with its pods. Source: k8s.io/endpointslice reconciler.go (`Reconcile`).
 * Where Kubernetes goes through port maps in the order of a Go map, they are taken in the order of their text here.
 */
import {
  type Endpoint,
  type EndpointSlice,
  type Moment,
  type Pod,
  parseAddress,
  type Service,
} from '../../src/model/index.ts';
import type { Intent, View } from '../../src/reconcile/index.ts';
import { desiredPods } from './desired.ts';
import { type AddressType, endpointOf, isPlainlyCurrent } from './endpoints.ts';
import { failureOf } from './failure.ts';
import { withHints } from './hints.ts';
import { type EndpointMaker, pack } from './packing.ts';
import { finalize, keepPlaceholder, type Plan } from './plan.ts';
import { portMapKey } from './ports.ts';
import { isOwnedBy, sliceLabelsOf } from './slices.ts';
import { type HintedPlan, isTopologyAware, withTopologyHints } from './topology-hints.ts';
import { triggerTimeOf } from './trigger-time.ts';
import { sharesOf, ZONE_CAPACITY } from './zone-capacity.ts';

/** The families of a Service; one from before there were families has that of its cluster IP, or both. */
function addressTypesOf({ spec }: Service): readonly AddressType[] {
  if (spec.ipFamilies?.length === 1) return spec.ipFamilies;
  if (spec.ipFamilies !== undefined && spec.ipFamilies.length > 0) return [...new Set(spec.ipFamilies)];
  if (spec.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None') return ['IPv4', 'IPv6'];
  return [typeof parseAddress(spec.clusterIP) === 'string' ? 'IPv6' : 'IPv4'];
}

/**
 * The writes that bring a Service's slices in line with its pods; none where they are.
 * @param slices this controller's slices of the Service, sorted by name
 */
export function reconcileService(
  view: View,
  service: Service,
  pods: readonly Pod[],
  slices: readonly EndpointSlice[],
  at: Moment,
): readonly Intent[] {
  const types = addressTypesOf(service);
  const intents: Intent[] = [];
  const nodeless = new Set<Pod>();
  const isNew = slices.length === 0;
  for (const type of types) {
    const existing = slices.filter(({ addressType }) => addressType === type);
    const { plan: unhinted, changed, left } = planFor(view, service, pods, existing, type);
    const { plan, events } = hintedPlan(view, unhinted, existing, service, type);
    intents.push(...events);
    for (const pod of left) nodeless.add(pod);
    if (plan.create.length + plan.update.length + plan.delete.length === 0) continue;
    intents.push(...finalize(plan, service, type, triggerTimeOf(service, isNew, changed, pods)));
  }
  for (const slice of slices) {
    if (types.some((type) => type === slice.addressType)) continue;
    intents.push({ do: 'delete', kind: 'EndpointSlice', key: `${slice.metadata.namespace}/${slice.metadata.name}` });
  }
  intents.push(...failureOf(service, [...nodeless], at));
  return inNamespaceThatStays(view, service, intents);
}

interface AddressTypePlan {
  readonly plan: Plan;
  readonly changed: readonly Endpoint[];
  readonly left: readonly Pod[];
}

function planFor(
  view: View,
  service: Service,
  pods: readonly Pod[],
  existing: readonly EndpointSlice[],
  type: AddressType,
): AddressTypePlan {
  const { portMaps, nodeless: left } = desiredPods(view, service, pods);
  const maker = makerFor(view, service, type);
  const plan: Plan = { create: [], update: [], delete: [] };
  const changed: Endpoint[] = [];
  const labels = sliceLabelsOf(service);
  const byPortMap = new Map<string, EndpointSlice[]>();
  for (const slice of existing) {
    if (isOwnedBy(slice, service)) pushTo(byPortMap, portMapKey(slice.ports), slice);
    else plan.delete.push(slice);
  }
  for (const key of [...portMaps.keys()].sort()) {
    const { ports, pods: desired } = portMaps.get(key)!;
    const packing = pack(byPortMap.get(key) ?? [], desired, maker, labels);
    plan.create.push(...packing.create.map((packed) => ({ ports, endpoints: packed })));
    plan.update.push(...packing.update);
    plan.delete.push(...packing.delete);
    changed.push(...packing.changed);
  }
  for (const [key, unwanted] of byPortMap) if (!portMaps.has(key)) plan.delete.push(...unwanted);
  keepPlaceholder(plan, existing.length, service);
  return { plan, changed, left };
}

function hintedPlan(
  view: View,
  plan: Plan,
  existing: readonly EndpointSlice[],
  service: Service,
  type: AddressType,
): HintedPlan {
  if (!isTopologyAware(service)) return { plan: withHints(plan, existing, service), events: [] };
  return withTopologyHints(plan, existing, service, type, sharesOf(view.projection(ZONE_CAPACITY)));
}

function makerFor(view: View, service: Service, type: AddressType): EndpointMaker {
  const nodeOf = (pod: Pod) => view.get('Node', pod.spec.nodeName ?? '');
  return {
    make: (pod) => endpointOf(pod, nodeOf(pod), service, type),
    isCurrent: (endpoint, pod) => isPlainlyCurrent(endpoint, pod, nodeOf(pod), service),
  };
}

function pushTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** A namespace that is going admits nothing new: the real controller drops such creates. */
function inNamespaceThatStays(view: View, service: Service, intents: readonly Intent[]): readonly Intent[] {
  const namespace = view.get('Namespace', service.metadata.namespace ?? '');
  if (namespace?.status.phase !== 'Terminating') return intents;
  return intents.filter((intent) => intent.do !== 'create');
}
