/**
 * A network security group's answer to a flow: the rule with the lowest priority number that matches decides, and the default
 * rules stand behind all others.
 * Source: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
 */
import { type azure, ICMP, type ProtocolNumber, TCP, UDP } from '../../model/index.ts';
import type { Flow } from './flow.ts';
import { type AddressTest, addressTest, PLATFORM_ADDRESSES, type TagSpace } from './service-tags.ts';

export type Direction = azure.SecurityRule['properties']['direction'];

export interface SecurityDecision {
  readonly access: 'Allow' | 'Deny';
  /** the group and the rule that decided: `aks-nsg`, `AllowVnetInBound` */
  readonly group: string;
  readonly rule: string;
  readonly priority: number;
}

type Test = (flow: Flow, tags: TagSpace) => boolean;

interface CompiledRule {
  readonly rule: azure.SecurityRule;
  readonly matches: Test;
}

/** The rules that every group ends in. */
export const DEFAULT_SECURITY_RULES: readonly azure.SecurityRule[] = [
  defaultRule('AllowVnetInBound', 'Inbound', 65000, 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  defaultRule('AllowAzureLoadBalancerInBound', 'Inbound', 65001, 'Allow', 'AzureLoadBalancer', '*'),
  defaultRule('DenyAllInBound', 'Inbound', 65500, 'Deny', '*', '*'),
  defaultRule('AllowVnetOutBound', 'Outbound', 65000, 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  defaultRule('AllowInternetOutBound', 'Outbound', 65001, 'Allow', '*', 'Internet'),
  defaultRule('DenyAllOutBound', 'Outbound', 65500, 'Deny', '*', '*'),
];

function defaultRule(
  name: string,
  direction: Direction,
  priority: number,
  access: 'Allow' | 'Deny',
  sourceAddressPrefix: string,
  destinationAddressPrefix: string,
): azure.SecurityRule {
  return {
    name,
    properties: {
      protocol: '*',
      sourcePortRange: '*',
      destinationPortRange: '*',
      sourceAddressPrefix,
      destinationAddressPrefix,
      access,
      priority,
      direction,
    },
  };
}

/** Groups are frozen values: what a group says is worked out once. */
const compiledGroups = new WeakMap<azure.NetworkSecurityGroup, Readonly<Record<Direction, readonly CompiledRule[]>>>();

/** A group's rules of one direction, the defaults included, in the order in which they are asked. */
export function rulesInOrder(group: azure.NetworkSecurityGroup, direction: Direction): readonly azure.SecurityRule[] {
  return compiled(group, direction).map(({ rule }) => rule);
}

function compiled(group: azure.NetworkSecurityGroup, direction: Direction): readonly CompiledRule[] {
  let rules = compiledGroups.get(group);
  if (rules === undefined) {
    const { securityRules = [], defaultSecurityRules = DEFAULT_SECURITY_RULES } = group.properties;
    const all = [...securityRules, ...defaultSecurityRules].toSorted(
      (a, b) => a.properties.priority - b.properties.priority,
    );
    const of = (side: Direction) =>
      all.filter(({ properties }) => properties.direction === side).map((rule) => ({ rule, matches: testOf(rule) }));
    compiledGroups.set(group, (rules = { Inbound: of('Inbound'), Outbound: of('Outbound') }));
  }
  return rules[direction];
}

function testOf({ properties }: azure.SecurityRule): Test {
  const protocol = protocolTest(properties.protocol);
  const source = anyAddress(properties.sourceAddressPrefix, properties.sourceAddressPrefixes);
  const destination = anyAddress(properties.destinationAddressPrefix, properties.destinationAddressPrefixes);
  const sourcePort = anyPort(properties.sourcePortRange, properties.sourcePortRanges);
  const destinationPort = anyPort(properties.destinationPortRange, properties.destinationPortRanges);
  return (flow, tags) =>
    protocol(flow.protocol) &&
    destinationPort(flow.destinationPort) &&
    sourcePort(flow.sourcePort) &&
    source(flow.source, tags) &&
    destination(flow.destination, tags);
}

function protocolTest(protocol: azure.SecurityProtocol): (number: ProtocolNumber) => boolean {
  switch (protocol) {
    case '*':
      return () => true;
    case 'Tcp':
      return (number) => number === TCP;
    case 'Udp':
      return (number) => number === UDP;
    case 'Icmp':
      return (number) => number === ICMP;
    case 'Esp':
    case 'Ah':
      return () => false;
    default:
      throw new Error(`no such protocol of a security rule: ${protocol satisfies never}`);
  }
}

function anyAddress(one: string | undefined, several: readonly string[] = []): AddressTest {
  const prefixes = one === undefined || one === '' ? several : [one, ...several];
  const tests = prefixes.map(addressTest);
  return tests.length === 1 ? tests[0]! : (address, tags) => tests.some((test) => test(address, tags));
}

function anyPort(one: string | undefined, several: readonly string[] = []): (port: number) => boolean {
  const ranges = (one === undefined || one === '' ? several : [one, ...several]).map(rangeOf);
  return (port) => ranges.some(([first, last]) => first <= port && port <= last);
}

function rangeOf(text: string): readonly [first: number, last: number] {
  if (text === '*') return [0, 65535];
  const [first, last = first] = text.split('-').map(Number);
  return [first!, last!];
}

/** What a group says of a new flow; undefined for what it is not asked about: flows to Azure's own platform. */
export function securityDecision(
  group: azure.NetworkSecurityGroup,
  direction: Direction,
  flow: Flow,
  tags: TagSpace,
): SecurityDecision | undefined {
  if (direction === 'Outbound' && PLATFORM_ADDRESSES.includes(flow.destination)) return undefined;
  for (const { rule, matches } of compiled(group, direction)) {
    if (!matches(flow, tags)) continue;
    const { access, priority } = rule.properties;
    return { access, group: group.name, rule: rule.name, priority };
  }
  throw new Error(`security group ${group.name} has no default rules`);
}
