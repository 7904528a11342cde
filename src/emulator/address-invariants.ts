/** What must hold of addresses that come from subnets: those of CNS's pools, of DNC's grants and of Azure itself. */
import type { CnsPool } from '../dataplane/index.ts';
import {
  type Address,
  type Cidr,
  cidrOf,
  contains,
  formatAddress,
  type Ipv4,
  parseAddress,
  sizeOf,
} from '../model/index.ts';
import type { Emulator } from './emulator.ts';

type Invariant = (emulator: Emulator) => readonly string[];

/** Azure keeps the first four addresses of every subnet, and the last. */
const RESERVED_FIRST = 4;

/** No pod has an address that Azure keeps for itself, nor one that a node has of its own. */
export const reservedAddressesAreNobodys: Invariant = (emulator) => {
  const subnets = emulator.settings.virtualNetwork.subnets.map(({ addressPrefix }) => cidrOf(addressPrefix));
  const broken: string[] = [];
  for (const { pod, addresses } of emulator.dataplane.pod.all()) {
    for (const address of addresses) {
      const isAzures = subnets.some((subnet) => isReserved(subnet, address));
      const node = emulator.dataplane.node.at(address);
      if (isAzures) broken.push(`${formatAddress(address)} of pod ${pod} is Azure's`);
      if (node !== undefined) broken.push(`${formatAddress(address)} of pod ${pod} is that of ${node.name}`);
    }
  }
  return broken;
};

function isReserved(subnet: Cidr, address: Address): boolean {
  if (typeof address !== 'number' || !contains(subnet, address)) return false;
  const place = address - (subnet.network as Ipv4);
  return place < RESERVED_FIRST || place === sizeOf(subnet) - 1;
}

/** No address is in the pools of two nodes: DNC has given none out twice. */
export const poolsAreDisjoint: Invariant = (emulator) => {
  const owners = new Map<Address, string>();
  const broken: string[] = [];
  for (const [node, { podCidrs }] of emulator.dataplane.networkInterface.entries()) {
    for (const cidr of podCidrs) {
      for (let i = 0; i < sizeOf(cidr); i++) {
        const address = (cidr.network as Ipv4) + i;
        const owner = owners.get(address);
        if (owner !== undefined) broken.push(`${formatAddress(address)} is given to ${owner} and to ${node}`);
        owners.set(address, node);
      }
    }
  }
  return broken;
};

/** At rest, a pool's assigned addresses are those of its node's sandboxes, and the pool is what DNC has given the node. */
export const poolsAgreeWithSandboxes: Invariant = (emulator) => {
  const { cnsPool, pod } = emulator.dataplane;
  return [...cnsPool].flatMap(([node, pool]) => {
    const assigned = [...pool.addresses].filter(([, { state }]) => state === 'Assigned').map(([address]) => address);
    const inUse = new Set<Address>(Array.from(pod.on(node), ([address]) => address));
    const leaked = assigned.filter((address) => !inUse.has(address));
    return [
      ...leaked.map((address) => `${formatAddress(address)} is assigned on ${node}, and no sandbox has it`),
      ...(assigned.length - leaked.length === inUse.size
        ? []
        : [`${inUse.size} sandboxes of ${node} have ${assigned.length - leaked.length} assigned addresses`]),
      ...differencesFromGrant(emulator, node, pool),
    ];
  });
};

function differencesFromGrant(emulator: Emulator, node: string, { addresses }: CnsPool): readonly string[] {
  const config = emulator.get('NodeNetworkConfig', `kube-system/${node}`);
  const container = config?.status?.networkContainers?.[0];
  if (container?.type !== 'vnet') return [];
  const granted = new Set((container.ipAssignments ?? []).map(({ ip }) => parseAddress(ip)));
  const foreign = [...addresses.keys()].filter((address) => !granted.has(address));
  const missing = granted.size - (addresses.size - foreign.length);
  return [
    ...foreign.map((address) => `${node} holds ${formatAddress(address)}, which DNC has not given it`),
    ...(missing === 0 ? [] : [`${node} lacks ${missing} addresses that DNC has given it`]),
  ];
}

/** Minimum and maximum of free addresses, for the scaler that DNC tells (batch 16, 50 %, 150 %). */
const FREE = { min: 8, max: 24 } as const;

/** At rest, a pool of version 1 holds enough free addresses and not too many, unless its subnet or its node can have no more. */
export const poolsAreWithinThresholds: Invariant = (emulator) => {
  if (emulator.settings.azureCns?.enableIPAMv2 === true || emulator.settings.azureCns?.enableSubnetScarcity === true)
    return [];
  return emulator.list('NodeNetworkConfig').flatMap(({ metadata, spec, status }) => {
    const pool = emulator.dataplane.cnsPool.get(metadata.name);
    if (pool === undefined || status?.networkContainers?.[0]?.type !== 'vnet') return [];
    const held = [...pool.addresses.values()];
    const assigned = held.filter(({ state }) => state === 'Assigned').length;
    const expected = spec.requestedIPCount - assigned;
    const free = held.length - assigned;
    const most = status.scaler?.maxIPCount ?? 250;
    return [
      ...(expected < FREE.min && spec.requestedIPCount < most
        ? [`${metadata.name} asks for ${spec.requestedIPCount} addresses, and ${assigned} are assigned`]
        : []),
      ...(free >= FREE.max ? [`${metadata.name} holds ${free} free addresses`] : []),
    ];
  });
};
