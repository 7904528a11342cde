/**
 * The EndpointSlice controller: one key a Service; a reconcile compares the Service's pods with its slices.
 * Source: kubernetes pkg/controller/endpointslice/endpointslice_controller.go (`syncService`, its event handlers).
 *
 * ```text
 *   Pod --label pairs--> Services that select it --+
 *   Service ---------------------------------------+--> key --> pods by index, slices by index --> intents
 *   EndpointSlice --its label--> its Service ------+
 * ```
 */
import type { EndpointSlice, Key, Pod, Service } from '../../src/model/index.ts';
import { keyOf } from '../../src/model/index.ts';
import type { Controller, ProjectionDeclaration, View } from '../../src/reconcile/index.ts';
import { mayBeEndpoint } from './endpoints.ts';
import { reconcileService } from './reconciler.ts';
import { labelPairsOf, podsSelectedBy, selectorPairOf, servicesSelecting } from './selection.ts';
import { isManaged, serviceKeyOf } from './slices.ts';
import { isOverloaded, isTopologyAware } from './topology-hints.ts';
import { sharesOf, ZONE_CAPACITY } from './zone-capacity.ts';

const NO_KEYS: readonly Key[] = [];
const nobody = () => NO_KEYS;

/** A pod concerns the Services that select it, once it has an address; before that it is no endpoint of any. */
function servicesOfPod(pod: Pod, view: View): readonly Key[] {
  return mayBeEndpoint(pod) ? servicesSelecting(view, pod) : NO_KEYS;
}

function serviceOfSlice(slice: EndpointSlice): readonly Key[] {
  const key = isManaged(slice) ? serviceKeyOf(slice) : undefined;
  return key === undefined ? NO_KEYS : [key];
}

/** The Services with hints by CPU of which some zone has come to bear too much (`checkNodeTopologyDistribution`). */
function overloadedServices(view: View): readonly Key[] {
  if (!view.hasIndexed('Service', 'topology-mode', 'Auto')) return NO_KEYS;
  const shares = sharesOf(view.projection(ZONE_CAPACITY));
  const keys: Key[] = [];
  for (const service of view.byIndex('Service', 'topology-mode', 'Auto')) {
    const key = keyOf(service);
    if (isOverloaded(view.byIndex('EndpointSlice', 'managed-service', key), shares)) keys.push(key);
  }
  return keys.length > 1 ? keys.sort() : keys;
}

/** ExternalName Services and those without a selector are left to their owners. */
function hasEndpoints(service: Service): boolean {
  return service.spec.type !== 'ExternalName' && selectorPairOf(service) !== undefined;
}

export const endpointSliceController: Controller = {
  name: 'endpoint-slice',
  program: 'kube-controller-manager',
  // A node wakes only Services whose hints follow the zones' CPU: a zone that changes later does not move endpoints.
  watches: {
    Service: (service) => [keyOf(service)],
    Pod: servicesOfPod,
    EndpointSlice: serviceOfSlice,
    Node: (_, view) => overloadedServices(view),
    Namespace: nobody,
  },
  indexes: {
    Pod: { 'label-pair': labelPairsOf },
    Service: {
      'selector-pair': (service) => {
        const pair = selectorPairOf(service);
        return pair === undefined ? NO_KEYS : [pair];
      },
      'topology-mode': (service) => (isTopologyAware(service) ? ['Auto'] : NO_KEYS),
    },
    EndpointSlice: { 'managed-service': serviceOfSlice },
  },
  projections: [ZONE_CAPACITY as ProjectionDeclaration<unknown>],
  reconcile(view, key, at) {
    const service = view.get('Service', key);
    if (service === undefined || !hasEndpoints(service)) return [];
    const slices: EndpointSlice[] = [];
    for (const slice of view.byIndex('EndpointSlice', 'managed-service', key)) {
      if (slice.metadata.deletionTimestamp === undefined) slices.push(slice);
    }
    // The index has no order: by name, so that what is filled first does not depend on what was heard first.
    slices.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return reconcileService(view, service, podsSelectedBy(view, service), slices, at);
  },
};
