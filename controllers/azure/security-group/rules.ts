/**
 * The security rules that the cluster writes into its network security group, and how they change one destination at a time.
 * A rule is known by what it lets in: the protocol, the sources and the ports are in its name, destinations gather in it.
 *
 * Source: cloud-provider-azure pkg/provider/securitygroup (securitygroup.go, securityrule.go).
 */
import { type azure, parseAddress } from '../../../src/model/index.ts';
import { md5 } from '../md5.ts';
import { SyncError } from '../sync-error.ts';

const NAME_PREFIX = 'k8s-azure-lb';
const PRIORITY_FIRST = 500;
/** exclusive: the last priority that is given out is 4095 */
const PRIORITY_END = 4096;

/** Microsoft.Network's limits: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits */
const RULES_MAX = 1000;
const ADDRESSES_MAX = 4000;

export type SecurityRules = readonly azure.SecurityRule[];
type Properties = azure.SecurityRule['properties'];

/** Destination ports of each protocol; SCTP counts as `*`. */
export type PortsByProtocol = ReadonlyMap<azure.SecurityProtocol, readonly number[]>;

export const PROTOCOLS = ['Tcp', 'Udp', '*'] as const;

export function allowRuleName(
  protocol: azure.SecurityProtocol,
  version: azure.IpVersion,
  sources: readonly string[],
  ports: readonly number[],
): string {
  const hash = md5([protocol, [...sources].sort().join(','), sortedPorts(ports).join(',')].join('_'));
  return [NAME_PREFIX, 'allow', version, hash].join('_');
}

export function denyAllRuleName(version: azure.IpVersion): string {
  return [NAME_PREFIX, 'deny-all', version].join('_');
}

/** As texts: "443" before "80". */
function sortedPorts(ports: readonly number[]): readonly string[] {
  return ports.map(String).sort();
}

/** Whether the cluster wrote it; everything else is somebody's own and stays as it is. */
function isManaged({ name, properties: { priority } }: azure.SecurityRule): boolean {
  return name.startsWith(NAME_PREFIX) && priority >= PRIORITY_FIRST && priority <= PRIORITY_END;
}

function destinationsOf({ destinationAddressPrefix, destinationAddressPrefixes = [] }: Properties): readonly string[] {
  return destinationAddressPrefix === undefined || destinationAddressPrefix === ''
    ? destinationAddressPrefixes
    : [destinationAddressPrefix, ...destinationAddressPrefixes];
}

function sourcesOf({ sourceAddressPrefix, sourceAddressPrefixes = [] }: Properties): readonly string[] {
  return sourceAddressPrefix === undefined ? sourceAddressPrefixes : [sourceAddressPrefix, ...sourceAddressPrefixes];
}

function withDestinations(properties: Properties, destinations: readonly string[]): Properties {
  const { destinationAddressPrefix: _one, destinationAddressPrefixes: _many, ...rest } = properties;
  const sorted = [...new Set(destinations)].sort();
  return sorted.length === 1
    ? { ...rest, destinationAddressPrefix: sorted[0]! }
    : { ...rest, destinationAddressPrefixes: sorted };
}

/** The rule's ports as numbers; undefined where it has `*` or a range: the cluster never writes such an allow rule. */
function portsOf({ destinationPortRange, destinationPortRanges = [] }: Properties): readonly number[] | undefined {
  const texts =
    destinationPortRange === undefined ? destinationPortRanges : [destinationPortRange, ...destinationPortRanges];
  return texts.every((text) => /^-?\d+$/.test(text)) ? texts.map(Number) : undefined;
}

function versionOf(address: string): azure.IpVersion {
  const parsed = parseAddress(address);
  if (parsed === undefined)
    throw new SyncError(`parse prefix as IP address ${JSON.stringify(address)}: unable to parse IP`);
  return typeof parsed === 'number' ? 'IPv4' : 'IPv6';
}

/** The lowest free priority from 500 up, or the highest from 4095 down. */
function freePriority(rules: SecurityRules, from: 'lowest' | 'highest'): number {
  const taken = new Set(rules.map(({ properties }) => properties.priority));
  for (let i = 0; i < PRIORITY_END - PRIORITY_FIRST; i++) {
    const priority = from === 'lowest' ? PRIORITY_FIRST + i : PRIORITY_END - 1 - i;
    if (!taken.has(priority)) return priority;
  }
  throw new SyncError('security rule priority exhausted');
}

export interface Allowance {
  readonly protocol: azure.SecurityProtocol;
  /** service tags, or CIDRs of the destinations' family */
  readonly sources: readonly string[];
  /** addresses of one family, at least one */
  readonly destinations: readonly string[];
  readonly ports: readonly number[];
}

/** Lets sources reach destinations at ports. */
export function allow(rules: SecurityRules, allowance: Allowance): SecurityRules {
  return allowFor(rules, versionOf(allowance.destinations[0]!), allowance);
}

function allowFor(rules: SecurityRules, version: azure.IpVersion, allowance: Allowance): SecurityRules {
  const { protocol, destinations, ports } = allowance;
  const sources = [...allowance.sources].sort();
  const name = allowRuleName(protocol, version, sources, ports);
  const before = rules.find((rule) => rule.name === name);
  const { destinationPortRange: _port, ...kept } =
    before?.properties ?? ({ priority: freePriority(rules, 'lowest') } as Properties);
  const properties = withDestinations(
    {
      ...kept,
      protocol,
      access: 'Allow',
      direction: 'Inbound',
      ...(sources.length === 1 ? { sourceAddressPrefix: sources[0]! } : { sourceAddressPrefixes: sources }),
      sourcePortRange: '*',
      destinationPortRanges: sortedPorts(ports),
    },
    [...destinationsOf(kept as Properties), ...destinations],
  );
  return withRule(rules, before, { ...before, name, properties });
}

/** Keeps everything from destinations that no allow rule lets in, the virtual network included. */
export function denyAll(rules: SecurityRules, destinations: readonly string[]): SecurityRules {
  const name = denyAllRuleName(versionOf(destinations[0]!));
  const before = rules.find((rule) => rule.name === name);
  const { destinationPortRanges: _ports, ...kept } =
    before?.properties ?? ({ priority: freePriority(rules, 'highest') } as Properties);
  const properties = withDestinations(
    {
      ...kept,
      protocol: '*',
      access: 'Deny',
      direction: 'Inbound',
      sourceAddressPrefix: '*',
      sourcePortRange: '*',
      destinationPortRange: '*',
    },
    [...destinations, ...destinationsOf(kept as Properties)],
  );
  return withRule(rules, before, { ...before, name, properties });
}

function withRule(
  rules: SecurityRules,
  before: azure.SecurityRule | undefined,
  after: azure.SecurityRule,
): SecurityRules {
  return before === undefined ? [...rules, after] : rules.map((rule) => (rule === before ? after : rule));
}

/**
 * Takes destinations out of the rules of a protocol, but for ports that somebody else needs at the same addresses: those
 * move to a rule of their own.
 */
export function removeDestinations(
  rules: SecurityRules,
  protocol: azure.SecurityProtocol,
  destinations: readonly string[],
  retainedPorts: readonly number[],
): SecurityRules {
  let changed = rules;
  for (const rule of rules) {
    if (!isManaged(rule) || rule.properties.protocol !== protocol) continue;
    changed = removeFromRule(changed, rule.name, destinations, retainedPorts);
  }
  return changed;
}

function removeFromRule(
  rules: SecurityRules,
  name: string,
  destinations: readonly string[],
  retainedPorts: readonly number[],
): SecurityRules {
  const rule = rules.find((candidate) => candidate.name === name)!;
  const removed = new Set(destinations);
  const current = destinationsOf(rule.properties);
  const kept = current.filter((address) => !removed.has(address));
  const without = { ...rule, properties: withDestinations(rule.properties, kept) };
  if (rule.properties.access === 'Deny' && retainedPorts.length === 0) return withRule(rules, rule, without);
  const ports = portsOf(rule.properties);
  if (ports === undefined || kept.length === current.length) return rules;
  const stillNeeded = retainedPorts.filter((port) => ports.includes(port));
  if (stillNeeded.length === ports.length) return rules;
  const changed = withRule(rules, rule, without);
  if (stillNeeded.length === 0) return changed;
  const { protocol } = rule.properties;
  const sources = sourcesOf(rule.properties);
  return allowFor(changed, versionOf(destinations[0]!), { protocol, sources, destinations, ports: stillNeeded });
}

/** Drops the destinations for which nobody answers any more. */
export function retainDestinations(rules: SecurityRules, belongs: (destination: string) => boolean): SecurityRules {
  return rules.map((rule) => {
    if (!isManaged(rule)) return rule;
    const current = destinationsOf(rule.properties);
    const kept = current.filter(belongs);
    return kept.length === current.length ? rule : { ...rule, properties: withDestinations(rule.properties, kept) };
  });
}

/** The rules by priority, without those that have no destination left. Throws a `SyncError` beyond Azure's limits. */
export function completeRules(rules: SecurityRules): SecurityRules {
  const complete = rules
    .filter(({ properties }) => {
      return (
        destinationsOf(properties).length > 0 || (properties.destinationApplicationSecurityGroups?.length ?? 0) > 0
      );
    })
    .sort((a, b) => a.properties.priority - b.properties.priority);
  requireWithin('rules', complete.length, RULES_MAX);
  requireWithin('source IP addresses', sum(complete, sourcesOf), ADDRESSES_MAX);
  requireWithin('destination IP addresses', sum(complete, destinationsOf), ADDRESSES_MAX);
  return complete;
}

function sum(rules: SecurityRules, addressesOf: (properties: Properties) => readonly string[]): number {
  return rules.reduce((count, { properties }) => count + addressesOf(properties).length, 0);
}

function requireWithin(what: string, count: number, max: number): void {
  if (count > max) throw new SyncError(`exceeds the maximum number of ${what} (${count} > ${max})`);
}
