/**
 * The security group's rules as one Service wants them: what it had is cleaned, what it needs is added, and destinations for
 * which nobody answers any more are dropped.
 *
 * Source: cloud-provider-azure pkg/provider (azure_loadbalancer.go reconcileSecurityGroup, azure_loadbalancer_accesscontrol.go,
 * loadbalancer/accesscontrol.go).
 */
import type { azure, Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, disablesFloatingIp, isTrue } from '../annotations.ts';
import { aggregate, allowsAll } from '../prefix.ts';
import { SyncError } from '../sync-error.ts';
import { type Access, accessOf, additionalPublicIps, allowsInternet, deniesAllElse, type Warning } from './access.ts';
import {
  allow,
  completeRules,
  denyAll,
  type PortsByProtocol,
  PROTOCOLS,
  removeDestinations,
  retainDestinations,
  type SecurityRules,
} from './rules.ts';

/** Addresses that packets arrive at, by family. */
export interface Destinations {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

export interface SecurityGroupRequest {
  readonly service: Service;
  readonly wantLoadBalancer: boolean;
  /** the frontends' addresses */
  readonly loadBalancerIps: readonly string[];
  /** the nodes' addresses; asked for only where packets arrive at node ports */
  readonly backendIps: () => readonly string[];
  /** ports of other Services at the same destinations */
  readonly sharedPorts: (destinations: readonly string[]) => PortsByProtocol;
  /** whether some other Service or a node has the address */
  readonly belongs: (destination: string) => boolean;
}

export interface SecurityGroupResult {
  readonly rules: SecurityRules;
  /** whether they differ from what was given */
  readonly updated: boolean;
  readonly warnings: readonly Warning[];
}

/**
 * `read` gives the group's rules as they are, and may throw a `SyncError`. Throws one too where the Service asks for what cannot
 * be.
 */
export function reconcileSecurityGroup(read: () => SecurityRules, request: SecurityGroupRequest): SecurityGroupResult {
  const { service, wantLoadBalancer, loadBalancerIps, belongs } = request;
  if (wantLoadBalancer && loadBalancerIps.length === 0) {
    throw new SyncError(`no load balancer IP for setting up security rules for service ${service.metadata.name}`);
  }
  const additional = additionalIps(service, wantLoadBalancer);
  const before = read();
  const access = accessOf(service);
  const arrivesAt = disablesFloatingIp(service) ? request.backendIps() : loadBalancerIps;
  const destinations = byFamily([...additional, ...arrivesAt]);
  const all = [...destinations.ipv4, ...destinations.ipv6];
  let rules = cleanDestinations(before, destinations, request.sharedPorts(all));
  if (wantLoadBalancer && !isTrue(service, ANNOTATIONS.disableSecurityRule)) {
    rules = grantAccess(rules, access, destinations);
  }
  const own = new Set([...loadBalancerIps, ...additional]);
  rules = completeRules(retainDestinations(rules, (destination) => own.has(destination) || belongs(destination)));
  // A Service is warned when its load balancer goes, as the real one does.
  const warnings = wantLoadBalancer ? [] : access.warnings;
  return { rules, updated: !sameRules(before, rules), warnings };
}

function additionalIps(service: Service, wantLoadBalancer: boolean): readonly string[] {
  try {
    return additionalPublicIps(service);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    if (wantLoadBalancer) throw new SyncError(`unable to get additional public IPs: ${error.message}`);
    return [];
  }
}

export function byFamily(addresses: readonly string[]): Destinations {
  return {
    ipv4: addresses.filter((address) => !address.includes(':')),
    ipv6: addresses.filter((address) => address.includes(':')),
  };
}

/** Takes the destinations out of every managed rule, but for the ports that others need there. */
export function cleanDestinations(
  before: SecurityRules,
  { ipv4, ipv6 }: Destinations,
  retained: PortsByProtocol,
): SecurityRules {
  let rules = before;
  for (const protocol of PROTOCOLS) {
    for (const destinations of [ipv4, ipv6]) {
      if (destinations.length === 0) continue;
      rules = removeDestinations(rules, protocol, destinations, retained.get(protocol) ?? []);
    }
  }
  return rules;
}

/** Adds what lets the Service's sources in, and what keeps everybody else out. */
export function grantAccess(before: SecurityRules, access: Access, destinations: Destinations): SecurityRules {
  const ranges = aggregate([...access.sourceRanges, ...access.allowedRanges]);
  const tags = allowedTags(access);
  const families = [
    { addresses: destinations.ipv4, ranges: ranges.filter(({ cidr }) => cidr.family === 4) },
    { addresses: destinations.ipv6, ranges: ranges.filter(({ cidr }) => cidr.family === 6) },
  ].filter(({ addresses }) => addresses.length > 0);
  let rules = before;
  for (const protocol of PROTOCOLS) {
    const ports = access.ports.get(protocol);
    if (ports === undefined) continue;
    for (const { addresses, ranges: sources } of families) {
      for (const tag of tags) rules = allow(rules, { protocol, sources: [tag], destinations: addresses, ports });
      if (sources.length === 0) continue;
      const texts = sources.map(({ text }) => text);
      rules = allow(rules, { protocol, sources: texts, destinations: addresses, ports });
    }
  }
  if (deniesAllElse(access)) for (const { addresses } of families) rules = denyAll(rules, addresses);
  return rules;
}

function allowedTags(access: Access): readonly azure.SecurityRule['name'][] {
  const everybody = allowsAll(access.sourceRanges) || allowsAll(access.allowedRanges);
  return allowsInternet(access) && !everybody ? [...access.serviceTags, 'Internet'] : access.serviceTags;
}

/** Whether two lists, each by priority, say the same. */
export function sameRules(before: SecurityRules, after: SecurityRules): boolean {
  if (before.length !== after.length) return false;
  const sorted = [...before].sort((a, b) => a.properties.priority - b.properties.priority);
  return sorted.every((rule, i) => rule === after[i] || sameRule(rule, after[i]!));
}

function sameRule(a: azure.SecurityRule, b: azure.SecurityRule): boolean {
  return a.name === b.name && canonical(a.properties) === canonical(b.properties);
}

function canonical(properties: azure.SecurityRule['properties']): string {
  return JSON.stringify(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)));
}
