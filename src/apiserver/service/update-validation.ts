/** What an update of a Service may not change. Source: kubernetes pkg/apis/core/validation `ValidateServiceUpdate`. */
import type { LoadBalancerIngress, Service } from '../../model/index.ts';
import { ipFindings } from '../addresses.ts';
import type { FieldErrors } from '../field-errors.ts';
import { subdomainName } from '../names.ts';
import { needsHealthCheckNodePort, type ServiceSpec } from './working.ts';

export function validateServiceChange({ spec }: Service, { spec: before }: Service, errors: FieldErrors): void {
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName') {
    validateKept('clusterIPs', spec, before, errors);
    validateKept('ipFamilies', spec, before, errors);
  }
  if (
    before.type === 'LoadBalancer' &&
    spec.type === 'LoadBalancer' &&
    before.loadBalancerClass !== spec.loadBalancerClass
  )
    errors.invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set');
  const bothCheck = needsHealthCheckNodePort(before) && needsHealthCheckNodePort(spec);
  if (bothCheck && before.healthCheckNodePort !== spec.healthCheckNodePort)
    errors.forbidden('spec.healthCheckNodePort', 'field is immutable');
}

/** What is primary stays; the secondary comes and goes with the policy, but does not change. */
function validateKept(
  name: 'clusterIPs' | 'ipFamilies',
  spec: ServiceSpec,
  before: ServiceSpec,
  errors: FieldErrors,
): void {
  const values: readonly string[] = spec[name] ?? [];
  const old: readonly string[] = before[name] ?? [];
  if (old.length === 0 || values.length === 0) return;
  const kept = values.length === old.length ? values.length : 1;
  for (let i = 0; i < kept; i++) {
    if (values[i] !== old[i]) errors.invalid(`spec.${name}[${i}]`, values, 'may not change once set');
  }
}

/** Checks the status; its ingress belongs to LoadBalancers alone. */
export function validateServiceStatus({ spec, status }: Service, errors: FieldErrors): void {
  const { ingress } = status.loadBalancer;
  const field = 'status.loadBalancer.ingress';
  if (ingress === undefined) return;
  if (spec.type !== 'LoadBalancer') {
    errors.forbidden(field, "may only be used when `spec.type` is 'LoadBalancer'");
    return;
  }
  for (const [i, each] of ingress.entries()) validateIngress(`${field}[${i}]`, each, errors);
}

function validateIngress(field: string, { ip, hostname, ipMode }: LoadBalancerIngress, errors: FieldErrors): void {
  if (ip !== undefined) errors.invalidEach(`${field}.ip`, ip, ipFindings(ip));
  if (ip === undefined && ipMode !== undefined)
    errors.forbidden(`${field}.ipMode`, 'may not be specified when `ip` is not set');
  if (ipMode !== undefined && ipMode !== 'VIP' && ipMode !== 'Proxy')
    errors.notSupported(`${field}.ipMode`, ipMode, ['Proxy', 'VIP']);
  if (hostname !== undefined) {
    errors.invalidEach(`${field}.hostname`, hostname, subdomainName(hostname));
    if (ipFindings(hostname).length === 0)
      errors.invalid(`${field}.hostname`, hostname, 'must be a DNS name, not an IP address');
  }
}
