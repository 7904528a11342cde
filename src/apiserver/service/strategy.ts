/** Services. Their allocations are begun by the apiserver before `prepare` and `validate` are asked. */
import { parseAddress, type Service } from '../../model/index.ts';
import { labelName } from '../names.ts';
import type { Strategy } from '../strategy.ts';
import { dropTypeDependentFields } from './carry-over.ts';
import { applyServiceDefaults } from './defaults.ts';
import { validateServiceChange, validateServiceStatus } from './update-validation.ts';
import { validateServiceSpec } from './validation.ts';
import { finish, workingOf } from './working.ts';

export const SERVICE_STRATEGY: Strategy<'Service'> = {
  nameRule: labelName,
  createsOnUpdate: true,
  applyDefaults: applyServiceDefaults,
  prepareForCreate(service) {
    const prepared = { ...service, status: { loadBalancer: {} } };
    finish(workingOf(prepared));
    return prepared;
  },
  prepareForUpdate(service, before) {
    const prepared = { ...service, status: before.status };
    dropTypeDependentFields(workingOf(prepared), before);
    finish(workingOf(prepared));
    return prepared;
  },
  prepareForStatusUpdate: (service, before) => ({ ...service, spec: before.spec }),
  validate: validateServiceSpec,
  validateUpdate(service, before, errors) {
    validateServiceChange(service, before, errors);
    validateServiceSpec(service, errors);
  },
  validateStatusUpdate: (service, _before, errors) => validateServiceStatus(service, errors),
  warnings: ({ spec }) => [...ipWarnings(spec), ...fieldWarnings(spec)],
};

/** Source: kubernetes pkg/api/service/warnings.go. */
function fieldWarnings(spec: Service['spec']): string[] {
  const warnings: string[] = [];
  if (spec.externalIPs !== undefined)
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (spec.externalName !== undefined && spec.type !== 'ExternalName')
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}

function ipWarnings(spec: Service['spec']): string[] {
  const fields: [string, string | undefined][] = [['spec.loadBalancerIP', spec.loadBalancerIP]];
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) fields.push([`spec.clusterIPs[${i}]`, ip]);
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) fields.push([`spec.externalIPs[${i}]`, ip]);
  return fields.flatMap(([field, ip]) => {
    const address = ip === undefined ? undefined : parseAddress(ip);
    if (typeof address !== 'string' || address === ip) return [];
    return [`${field}: IPv6 address "${ip}" should be in RFC 5952 canonical format ("${address}")`];
  });
}
