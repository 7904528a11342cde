/**
 * The custom resources that CNS and DNC meet in. Their definitions check types and little else.
 * Source: Azure/azure-container-networking crd/nodenetworkconfig/manifests, crd/clustersubnetstate/manifests.
 */
import type { FieldErrors } from './field-errors.ts';
import { subdomainName } from './names.ts';
import { deepEqual } from './sharing.ts';
import { type Strategy, withGeneration } from './strategy.ts';

export const NODE_NETWORK_CONFIG_STRATEGY: Strategy<'NodeNetworkConfig'> = {
  nameRule: subdomainName,
  prepareForUpdate(config, before) {
    const { status, ...rest } = { ...config, status: before.status };
    const kept = status === undefined ? rest : { ...rest, status };
    return withGeneration(kept, before, !deepEqual(config.spec, before.spec));
  },
  prepareForStatusUpdate: (config, before) => ({ ...config, spec: before.spec }),
  validate: validateSpec,
  validateUpdate: (config, _before, errors) => validateSpec(config, errors),
};

function validateSpec({ spec }: { readonly spec: { readonly requestedIPCount: number } }, errors: FieldErrors): void {
  const { requestedIPCount } = spec;
  if (requestedIPCount < 0)
    errors.invalid('spec.requestedIPCount', requestedIPCount, 'must be greater than or equal to 0');
}

export const CLUSTER_SUBNET_STATE_STRATEGY: Strategy<'ClusterSubnetState'> = {
  nameRule: subdomainName,
  prepareForStatusUpdate: (state) => state,
  validate() {},
  validateUpdate() {},
};
