/**
 * What is to be written for one Service and address type, and how it becomes intents.
 * Source: k8s.io/endpointslice reconciler.go (`reconcileByAddressType`, `finalize`).
 */
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  type Service,
  withFields,
} from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';
import type { AddressType } from './endpoints.ts';
import { inWrittenOrder } from './ports.ts';
import {
  isOwnedBy,
  LABEL_HEADLESS,
  labelsChanged,
  namePrefixOf,
  ownerReferenceTo,
  sliceLabelsOf,
  TRIGGER_TIME_ANNOTATION,
} from './slices.ts';

/** A slice that is not there yet. */
export interface NewSlice {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface Plan {
  readonly create: NewSlice[];
  readonly update: { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[];
  delete: EndpointSlice[];
}

/** A Service always has a slice for each family, if only an empty one without ports, so that readers see that it is known. */
export function keepPlaceholder(plan: Plan, existing: number, service: Service): void {
  if (existing !== plan.delete.length || plan.create.length > 0) return;
  const [only] = plan.delete;
  if (plan.delete.length === 1 && only !== undefined && isPlaceholder(only, service)) plan.delete = [];
  else plan.create.push({ ports: [], endpoints: [] });
}

function isPlaceholder(slice: EndpointSlice, service: Service): boolean {
  const labels = sliceLabelsOf(service);
  return (
    (slice.endpoints ?? []).length === 0 &&
    (slice.ports ?? []).length === 0 &&
    slice.metadata.labels?.[LABEL_HEADLESS] === labels[LABEL_HEADLESS] &&
    !labelsChanged(slice, labels)
  );
}

/**
 * Creates, updates, deletes, in this order. A slice that would go takes the place of one that would come: one write
 * instead of two. A Service that is being deleted gets no new slices: the garbage collector is removing them.
 */
export function finalize(
  plan: Plan,
  service: Service,
  addressType: AddressType,
  trigger: string | undefined,
): readonly Intent[] {
  const coming = [...plan.create];
  const updates: Intent[] = plan.update.map(({ slice, endpoints }) => ({
    do: 'update',
    object: updated(slice, endpoints, service, trigger),
  }));
  const deletes: Intent[] = [];
  for (const slice of plan.delete) {
    const next = isOwnedBy(slice, service) ? coming.pop() : undefined;
    if (next !== undefined) updates.push({ do: 'update', object: replaced(slice, next, service, trigger) });
    else deletes.push({ do: 'delete', kind: 'EndpointSlice', key: keyOfSlice(slice) });
  }
  const isGoing = service.metadata.deletionTimestamp !== undefined;
  const creates: Intent[] = isGoing ? [] : coming.map((next) => created(next, service, addressType, trigger));
  return [...creates, ...updates, ...deletes];
}

function keyOfSlice({ metadata }: EndpointSlice): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function triggerAnnotation(trigger: string | undefined): Readonly<Record<string, string>> {
  return trigger === undefined ? {} : { [TRIGGER_TIME_ANNOTATION]: trigger };
}

/** What the apiserver keeps of an empty list or map. */
function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

function created(next: NewSlice, service: Service, addressType: AddressType, trigger: string | undefined): Intent {
  const { namespace } = service.metadata;
  const annotations = triggerAnnotation(trigger);
  return {
    do: 'create',
    object: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: namePrefixOf(service),
        ...(namespace === undefined ? {} : { namespace }),
        labels: sliceLabelsOf(service),
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
        ownerReferences: [ownerReferenceTo(service)],
      },
      addressType,
      endpoints: orNull(next.endpoints),
      ports: orNull(inWrittenOrder(next.ports)),
    },
  };
}

function withAnnotations(slice: EndpointSlice, annotations: Readonly<Record<string, string>>, service: Service) {
  const { annotations: _, ...rest } = slice.metadata;
  const metadata = withFields(rest, { labels: sliceLabelsOf(service) });
  return Object.keys(annotations).length === 0 ? metadata : withFields(metadata, { annotations });
}

/** The slice with other endpoints; annotations that others have put on it stay. */
function updated(
  slice: EndpointSlice,
  endpoints: readonly Endpoint[],
  service: Service,
  trigger: string | undefined,
): EndpointSlice {
  const { [TRIGGER_TIME_ANNOTATION]: _, ...others } = slice.metadata.annotations ?? {};
  const annotations = { ...others, ...triggerAnnotation(trigger) };
  return { ...slice, metadata: withAnnotations(slice, annotations, service), endpoints: orNull(endpoints) };
}

/** A new slice under the name of one that would be deleted: nothing but the name stays. */
function replaced(slice: EndpointSlice, next: NewSlice, service: Service, trigger: string | undefined): EndpointSlice {
  return {
    ...slice,
    metadata: {
      ...withAnnotations(slice, triggerAnnotation(trigger), service),
      generateName: namePrefixOf(service),
      ownerReferences: [ownerReferenceTo(service)],
    },
    endpoints: orNull(next.endpoints),
    ports: orNull(inWrittenOrder(next.ports)),
  };
}
