/**
 * clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy against each other. Asked twice: before addresses are allocated, and
 * with the rest. Source: kubernetes pkg/apis/core/validation/validation.go `ValidateServiceClusterIPsRelatedFields`.
 */
import { parseAddress } from '../../model/index.ts';
import { ipFindings } from '../addresses.ts';
import type { FieldErrors } from '../field-errors.ts';
import { isHeadless, type ServiceSpec, type WorkingSpec } from './working.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const CLUSTER_IPS_MAX = 2;

export function validateClusterIps(spec: WorkingSpec | ServiceSpec, errors: FieldErrors): void {
  if (spec.type === 'ExternalName') return;
  const ips = spec.clusterIPs ?? [];
  validateInStep(spec.clusterIP, ips, errors);
  validateFamilies(spec.ipFamilies ?? [], errors);
  if (spec.ipFamilyPolicy !== undefined && !POLICIES.includes(spec.ipFamilyPolicy))
    errors.notSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, POLICIES);
  const wellFormed = validateAddresses(ips, errors);
  if (ips.length > CLUSTER_IPS_MAX) errors.invalid('spec.clusterIPs', ips, 'may only hold up to 2 values');
  if (!wellFormed) return;
  if (ips.length > 1 && new Set(ips.map(isIpv6)).size < 2)
    errors.invalid('spec.clusterIPs', ips, 'may specify no more than one IP for each IP family');
  if (!isHeadless(spec)) validateFamilyOfEach(ips, spec.ipFamilies ?? [], errors);
}

function validateInStep(clusterIp: string | undefined, ips: readonly string[], errors: FieldErrors): void {
  if (clusterIp === undefined || clusterIp === '') {
    if (ips.length > 0) errors.invalid('spec.clusterIPs', ips, 'must be empty when `clusterIP` is not specified');
  } else if (ips.length === 0) {
    errors.required('spec.clusterIPs');
  } else if (ips[0] !== clusterIp) {
    errors.invalid('spec.clusterIPs', ips, 'first value must match `clusterIP`');
  }
}

function validateFamilies(families: readonly string[], errors: FieldErrors): void {
  for (const [i, family] of families.entries()) {
    const field = `spec.ipFamilies[${i}]`;
    if (!FAMILIES.includes(family)) errors.notSupported(field, family, FAMILIES);
    if (families.indexOf(family) < i) errors.duplicate(field, family);
  }
}

/** Whether every one is an address, or `None` alone. */
function validateAddresses(ips: readonly string[], errors: FieldErrors): boolean {
  const before = errors.causes.length;
  for (const [i, ip] of ips.entries()) {
    if (i > 0 || ip !== 'None') errors.invalidEach(`spec.clusterIPs[${i}]`, ip, ipFindings(ip));
    else if (ips.length > 1) errors.invalid('spec.clusterIPs', ips, "'None' must be the first and only value");
  }
  return errors.causes.length === before;
}

function validateFamilyOfEach(ips: readonly string[], families: readonly string[], errors: FieldErrors): void {
  for (const [i, ip] of ips.entries()) {
    const family = families[i];
    if (family === undefined) return;
    if (FAMILIES.includes(family) && isIpv6(ip) !== (family === 'IPv6'))
      errors.invalid(`spec.clusterIPs[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  }
}

function isIpv6(ip: string): boolean {
  return typeof parseAddress(ip) === 'string';
}
