/**
 * The IP families of a Service, from what its author said and what the cluster has.
 * Source: kubernetes pkg/registry/core/service/storage/alloc.go `initIPFamilyFields`.
 */
import { parseAddress } from '../../model/index.ts';
import type { FieldErrors } from '../field-errors.ts';
import { sameField } from './carry-over.ts';
import type { IpFamily } from './cluster-ips.ts';
import { validateClusterIps } from './cluster-ips-validation.ts';
import { hasSelector, type ServiceSpec, type WorkingSpec } from './working.ts';

/** Fills ipFamilies and ipFamilyPolicy. `configured` lists the cluster's families, its default first. */
export function initFamilies(
  spec: WorkingSpec,
  before: ServiceSpec | undefined,
  configured: readonly IpFamily[],
  errors: FieldErrors,
): void {
  if (spec.type === 'ExternalName' || keepsPreferDualStack(spec, before)) return;
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (isSelectorlessHeadless(spec) ? 'RequireDualStack' : 'SingleStack');
  validateClusterIps(spec, errors);
  if (errors.found) return;
  if (before !== undefined) followPolicy(spec, before, errors);
  refuseTwoInSingleStack(spec, errors);
  inferFamilies(spec, configured, errors);
  if (errors.found) return;
  if (isSelectorlessHeadless(spec)) completeSelectorless(spec, configured[0]!);
  else completeFamilies(spec, configured, errors);
}

function isSelectorlessHeadless(spec: WorkingSpec): boolean {
  return spec.clusterIP === 'None' && !hasSelector(spec);
}

/** An update that leaves a PreferDualStack Service's addresses alone neither adds nor takes a family. */
function keepsPreferDualStack(spec: WorkingSpec, before: ServiceSpec | undefined): boolean {
  if (before === undefined) return false;
  if (before.type === 'ExternalName' || spec.ipFamilyPolicy !== 'PreferDualStack') return false;
  const names = ['ipFamilyPolicy', 'clusterIP', 'clusterIPs', 'ipFamilies'] as const;
  return names.every((name) => sameField(spec, before, name));
}

/** Going single-stack drops what is second, unless the client changed it; anything else must not lose a family. */
function followPolicy(spec: WorkingSpec, before: ServiceSpec, errors: FieldErrors): void {
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (sameField(spec, before, 'clusterIPs')) spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    if (sameField(spec, before, 'ipFamilies')) spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    return;
  }
  const reduced = (name: 'clusterIPs' | 'ipFamilies') =>
    spec[name]?.length === 1 && before[name]?.length === 2 && spec[name][0] === before[name][0];
  const refuse = (what: string) =>
    errors.invalid(
      'spec.ipFamilyPolicy',
      spec.ipFamilyPolicy,
      `must be 'SingleStack' to release the secondary ${what}`,
    );
  if (reduced('clusterIPs')) refuse('cluster IP');
  if (reduced('ipFamilies')) refuse('IP family');
}

function refuseTwoInSingleStack(spec: WorkingSpec, errors: FieldErrors): void {
  if (spec.ipFamilyPolicy !== 'SingleStack') return;
  const refuse = (what: string) =>
    errors.invalid(
      'spec.ipFamilyPolicy',
      spec.ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    );
  if (spec.clusterIPs?.length === 2) refuse('cluster IPs');
  if (spec.ipFamilies?.length === 2) refuse('IP families');
}

/** An address that names a family which is not listed adds it to the list. */
function inferFamilies(spec: WorkingSpec, configured: readonly IpFamily[], errors: FieldErrors): void {
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === 'None') return;
    if (i < (spec.ipFamilies?.length ?? 0)) continue;
    const family: IpFamily = typeof parseAddress(ip) === 'number' ? 'IPv4' : 'IPv6';
    if (configured.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else errors.invalid(`spec.clusterIPs[${i}]`, spec.clusterIPs, `${family} is not configured on this cluster`);
  }
}

/** Without a selector and without an address, both families are fine even on a single-stack cluster. */
function completeSelectorless(spec: WorkingSpec, fallback: IpFamily): void {
  const families = spec.ipFamilies?.length ? spec.ipFamilies : [fallback];
  const both = families.length < 2 && spec.ipFamilyPolicy !== 'SingleStack';
  spec.ipFamilies = both ? [families[0]!, otherFamily(families[0]!)] : families;
}

function completeFamilies(spec: WorkingSpec, configured: readonly IpFamily[], errors: FieldErrors): void {
  const { ipFamilyPolicy } = spec;
  if (ipFamilyPolicy === 'RequireDualStack' && configured.length < 2) {
    errors.invalid('spec.ipFamilyPolicy', ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  }
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    if (!configured.includes(family)) errors.invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster');
  }
  if (errors.found) return;
  const families = spec.ipFamilies?.length ? spec.ipFamilies : [configured[0]!];
  const both = ipFamilyPolicy !== 'SingleStack' && families.length === 1 && configured.length === 2;
  spec.ipFamilies = both ? [families[0]!, otherFamily(families[0]!)] : families;
}

function otherFamily(family: IpFamily): IpFamily {
  return family === 'IPv4' ? 'IPv6' : 'IPv4';
}
