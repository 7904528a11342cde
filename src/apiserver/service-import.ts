/**
 * ServiceImports: Services that other clusters of the set offer. A custom resource, whose definition checks its shape.
 * Source: kubernetes-sigs/mcs-api config/crd/multicluster.x-k8s.io_serviceimports.yaml, version v1alpha1, which CoreDNS watches.
 */
import type { ServiceImport } from '../model/index.ts';
import type { FieldErrors } from './field-errors.ts';
import { subdomainName } from './names.ts';
import { deepEqual } from './sharing.ts';
import { type Strategy, withGeneration } from './strategy.ts';

const TYPES = ['ClusterSetIP', 'Headless'];
const FAMILIES_MAX = 2;

export const SERVICE_IMPORT_STRATEGY: Strategy<'ServiceImport'> = {
  nameRule: subdomainName,
  prepareForUpdate(serviceImport, before) {
    const { status: _, ...rest } = serviceImport;
    const kept = before.status === undefined ? rest : { ...rest, status: before.status };
    return withGeneration(kept, before, !deepEqual(serviceImport.spec, before.spec));
  },
  prepareForStatusUpdate({ spec: _, ...rest }, before) {
    return before.spec === undefined ? rest : { ...rest, spec: before.spec };
  },
  validate,
  validateUpdate: (serviceImport, _before, errors) => validate(serviceImport, errors),
};

type Spec = NonNullable<ServiceImport['spec']>;
/** What a document may lack, whatever the type says. */
type Written = Partial<{ readonly [F in keyof Spec]: Spec[F] | null }>;

/** The definition requires fields of the spec, but no spec. */
function validate({ spec }: { readonly spec?: Written }, errors: FieldErrors): void {
  if (spec === undefined) return;
  const { ports, type, ips = [], ipFamilies = [] } = spec;
  if (ports === undefined || ports === null) errors.required('spec.ports');
  if (type === undefined || type === null) errors.required('spec.type');
  else if (!TYPES.includes(type)) errors.notSupported('spec.type', type, TYPES);
  if ((ips?.length ?? 0) > FAMILIES_MAX) errors.tooMany('spec.ips', ips!.length, FAMILIES_MAX);
  if ((ipFamilies?.length ?? 0) > FAMILIES_MAX) errors.tooMany('spec.ipFamilies', ipFamilies!.length, FAMILIES_MAX);
  for (const [i, port] of (ports ?? []).entries()) {
    if ((port as { readonly port?: number }).port === undefined) errors.required(`spec.ports[${i}].port`);
  }
}
