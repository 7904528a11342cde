/**
 * A slice's frame: whose it is, its labels, its name. Source: k8s.io/endpointslice utils.go (`newEndpointSlice`,
 * `setEndpointSliceLabels`, `ownedBy`, `getEndpointSlicePrefix`).
 */
import type { EndpointSlice, Key, Labels, OwnerReference, Service } from '../../src/model/index.ts';

export const LABEL_SERVICE_NAME = 'kubernetes.io/service-name';
export const LABEL_MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const LABEL_HEADLESS = 'service.kubernetes.io/headless';
export const MANAGER = 'endpointslice-controller.k8s.io';
export const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';

/** DNS subdomain names end here (RFC 1123); generateName must leave the name valid. */
const NAME_LENGTH_MAX = 253;

const RESERVED: readonly string[] = [LABEL_SERVICE_NAME, LABEL_MANAGED_BY, LABEL_HEADLESS];

export function isManaged(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[LABEL_MANAGED_BY] === MANAGER;
}

/** The Service that a slice says it belongs to. */
export function serviceKeyOf(slice: EndpointSlice): Key | undefined {
  const service = slice.metadata.labels?.[LABEL_SERVICE_NAME];
  return service === undefined || service === '' ? undefined : `${slice.metadata.namespace ?? ''}/${service}`;
}

/** Whether this very Service, not an earlier one of its name, owns the slice. */
export function isOwnedBy(slice: EndpointSlice, service: Service): boolean {
  return (slice.metadata.ownerReferences ?? []).some(
    ({ uid, kind, apiVersion }) => uid === service.metadata.uid && kind === 'Service' && apiVersion === 'v1',
  );
}

function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None';
}

/** The labels that a Service's slices carry: the Service's own, and the reserved ones, which it cannot override. */
export function sliceLabelsOf(service: Service): Labels {
  const labels: Record<string, string> = {};
  for (const [label, value] of Object.entries(service.metadata.labels ?? {})) {
    if (!RESERVED.includes(label)) labels[label] = value;
  }
  if (isHeadless(service)) labels[LABEL_HEADLESS] = '';
  labels[LABEL_SERVICE_NAME] = service.metadata.name;
  labels[LABEL_MANAGED_BY] = MANAGER;
  return labels;
}

/** Whether the Service's own labels differ from those on the slice. The reserved ones are not looked at. */
export function labelsChanged(slice: EndpointSlice, wanted: Labels): boolean {
  const actual = slice.metadata.labels ?? {};
  return hasOther(actual, wanted) || hasOther(wanted, actual);
}

function hasOther(labels: Labels, than: Labels): boolean {
  for (const label in labels) if (labels[label] !== than[label] && !RESERVED.includes(label)) return true;
  return false;
}

export function ownerReferenceTo(service: Service): OwnerReference {
  const { name, uid } = service.metadata;
  return { apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true };
}

/** What a slice's name begins with; the apiserver adds five random characters. */
export function namePrefixOf(service: Service): string {
  const { name } = service.metadata;
  return name.length < NAME_LENGTH_MAX ? `${name}-` : name;
}
