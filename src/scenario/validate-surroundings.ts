/** What Azure, or anybody, would refuse of a script's `spec.azure`, each at its place. */
import {
  type AzureSurroundings,
  addressOf,
  CLUSTER_NETWORK,
  type ClusterSettings,
  cidrOf,
  contains,
  type NetworkSurroundings,
} from '../model/index.ts';
import { problemAt, type SourceDocument } from './document.ts';
import type { Path, Problem } from './problem.ts';
import { suggestion } from './spelling.ts';
import { conflictFindings } from './surroundings-conflicts.ts';

interface Found {
  readonly path: Path;
  readonly message: string;
}

/** The networks by name, the cluster's own among them. */
type Networks = ReadonlyMap<string, NetworkSurroundings>;

const PORT_RANGE = /^(?:\*|\d{1,5}(?:-\d{1,5})?)$/;

export function validateSurroundings(document: SourceDocument, settings: ClusterSettings): readonly Problem[] {
  const { azure, virtualNetwork } = settings;
  if (azure === undefined) return [];
  const own: NetworkSurroundings = { name: CLUSTER_NETWORK, ...virtualNetwork };
  const networks: Networks = new Map([...azure.virtualNetworks, own].map((network) => [network.name, network]));
  return [
    ...networkFindings(azure),
    ...peeringFindings(azure, networks),
    ...machineFindings(azure, networks),
    ...associationFindings(azure, networks),
    ...ruleFindings(azure),
    ...routeFindings(azure),
    ...conflictFindings(azure),
  ].map(({ path, message }) => problemAt(document, ['spec', 'azure', ...path], message));
}

function networkFindings({ virtualNetworks }: AzureSurroundings): readonly Found[] {
  return virtualNetworks.flatMap(({ name, addressPrefixes, subnets }, i): readonly Found[] => {
    const path = ['virtualNetworks', i];
    const isTaken = name === CLUSTER_NETWORK || virtualNetworks.findIndex((other) => other.name === name) < i;
    const taken = isTaken ? [{ path: [...path, 'name'], message: `a network named ${name} is there already` }] : [];
    const outside = subnets.flatMap((subnet, j) => {
      const { network } = cidrOf(subnet.addressPrefix);
      if (addressPrefixes.some((prefix) => contains(cidrOf(prefix), network))) return [];
      const message = `${subnet.addressPrefix} is outside of ${name} ${addressPrefixes.join(', ')}`;
      return [{ path: [...path, 'subnets', j, 'addressPrefix'], message }];
    });
    return [...taken, ...outside];
  });
}

function unknownNetwork(name: string, networks: Networks, path: Path): readonly Found[] {
  if (networks.has(name)) return [];
  return [{ path, message: `no virtual network is named ${name}${suggestion(name, [...networks.keys()])}` }];
}

function peeringFindings({ virtualNetworkPeerings, sites }: AzureSurroundings, networks: Networks): readonly Found[] {
  return [
    ...virtualNetworkPeerings.flatMap(({ from, to }, i) => [
      ...unknownNetwork(from, networks, ['virtualNetworkPeerings', i, 'from']),
      ...unknownNetwork(to, networks, ['virtualNetworkPeerings', i, 'to']),
    ]),
    ...sites.flatMap(({ virtualNetwork }, i) =>
      unknownNetwork(virtualNetwork, networks, ['sites', i, 'virtualNetwork']),
    ),
  ];
}

/** The subnet that `subnet` or `network/subnet` names, or one sentence on why there is none. */
function subnetNamed(text: string, networks: Networks): NetworkSurroundings['subnets'][number] | string {
  const [first = '', second] = text.split('/');
  const network = networks.get(second === undefined ? CLUSTER_NETWORK : first);
  const name = second ?? first;
  if (network === undefined) return `no virtual network is named ${first}${suggestion(first, [...networks.keys()])}`;
  const names = network.subnets.map((subnet) => subnet.name);
  return (
    network.subnets.find((subnet) => subnet.name === name) ??
    `${network.name} has no subnet ${name}${suggestion(name, names)}`
  );
}

function machineFindings({ virtualMachines }: AzureSurroundings, networks: Networks): readonly Found[] {
  return virtualMachines.flatMap(({ name, subnet: text, privateIPAddress }, i): readonly Found[] => {
    const path = ['virtualMachines', i];
    if (virtualMachines.findIndex((other) => other.name === name) < i)
      return [{ path: [...path, 'name'], message: `a machine named ${name} is there already` }];
    const subnet = subnetNamed(text, networks);
    if (typeof subnet === 'string') return [{ path: [...path, 'subnet'], message: subnet }];
    const { addressPrefix, ipv6AddressPrefix } = subnet;
    const prefixes = ipv6AddressPrefix === undefined ? [addressPrefix] : [addressPrefix, ipv6AddressPrefix];
    if (prefixes.some((prefix) => contains(cidrOf(prefix), addressOf(privateIPAddress)))) return [];
    const message = `${privateIPAddress} is outside of subnet ${text} ${prefixes.join(', ')}`;
    return [{ path: [...path, 'privateIPAddress'], message }];
  });
}

/** Groups, route tables and gateways name the subnets that use them. */
function associationFindings(azure: AzureSurroundings, networks: Networks): readonly Found[] {
  return (['networkSecurityGroups', 'routeTables', 'natGateways'] as const).flatMap((kind) =>
    azure[kind].flatMap(({ subnets }, i) =>
      subnets.flatMap((text, j): readonly Found[] => {
        const subnet = subnetNamed(text, networks);
        return typeof subnet === 'string' ? [{ path: [kind, i, 'subnets', j], message: subnet }] : [];
      }),
    ),
  );
}

type SecurityRules = AzureSurroundings['networkSecurityGroups'][number]['securityRules'];

function ruleFindings({ networkSecurityGroups }: AzureSurroundings): readonly Found[] {
  return networkSecurityGroups.flatMap(({ securityRules }, i) =>
    securityRules.flatMap((_, j) =>
      findingsOfRule(securityRules, j).map(({ path, message }) => ({
        path: ['networkSecurityGroups', i, 'securityRules', j, ...path],
        message,
      })),
    ),
  );
}

function findingsOfRule(rules: SecurityRules, index: number): readonly Found[] {
  const rule = rules[index]!;
  const { priority, direction } = rule;
  const other = rules.slice(0, index).find((each) => each.priority === priority && each.direction === direction);
  const conflict = `priority ${priority} ${direction} is rule ${other?.name}'s already (SecurityRuleConflict)`;
  const clash = other === undefined ? [] : [{ path: ['priority'], message: conflict }];
  const ports = (['sourcePortRange', 'destinationPortRange'] as const).flatMap((field) => {
    const range = rule[field];
    if (range === undefined || isPortRange(range)) return [];
    return [{ path: [field], message: `${JSON.stringify(range)} is no port, such as 443, 8000-8080 or *` }];
  });
  const lists = (rule.destinationPortRanges ?? []).flatMap((range, i) =>
    isPortRange(range)
      ? []
      : [
          {
            path: ['destinationPortRanges', i],
            message: `${JSON.stringify(range)} is no port, such as 443 or 8000-8080`,
          },
        ],
  );
  return [...clash, ...ports, ...lists];
}

function isPortRange(text: string): boolean {
  return PORT_RANGE.test(text) && text.split('-').every((port) => port === '*' || Number(port) <= 65535);
}

function routeFindings({ routeTables }: AzureSurroundings): readonly Found[] {
  return routeTables.flatMap(({ routes }, i) =>
    routes.flatMap(({ nextHopType, nextHopIpAddress }, j): readonly Found[] => {
      if ((nextHopType === 'VirtualAppliance') === (nextHopIpAddress !== undefined)) return [];
      const path = ['routeTables', i, 'routes', j, nextHopIpAddress === undefined ? 'nextHopType' : 'nextHopIpAddress'];
      return [{ path, message: 'nextHopIpAddress goes with nextHopType VirtualAppliance, and with no other' }];
    }),
  );
}

/** Machines that a step sends from must be declared: they are known before the run. */
export function unknownMachine(from: string, { azure }: ClusterSettings): string | undefined {
  if (!from.startsWith('vm/')) return undefined;
  const names = (azure?.virtualMachines ?? []).map(({ name }) => name);
  const name = from.slice('vm/'.length);
  return names.includes(name) ? undefined : `spec.azure declares no virtual machine ${name}${suggestion(name, names)}`;
}
