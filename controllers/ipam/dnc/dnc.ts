/**
 * DNC, Azure's delegated network controller: gives nodes addresses of their pod subnet, and takes back what they return.
 *
 * Its source is not public. What is known: Azure/azure-container-networking cns/fakes/requestcontrollerfake.go (what CNS
 * expects of it), issue 2462 there (each node's network container has one address of its own beside the batches of 16),
 * Azure/AKS#4035 (a request is met whole or not at all) and
 * https://learn.microsoft.com/azure/aks/concepts-network-azure-cni-pod-subnet (blocks of 16, one mode a subnet).
 *
 * One key, a subnet, serves all its nodes: what one takes the next must not, and neither shows in the informer's cache yet.
 */
import {
  type Cidr,
  cidrOf,
  formatAddress,
  type IPAssignment,
  type Ipv4,
  maskOf,
  type NetworkContainer,
  type Node,
  type NodeNetworkConfig,
  nodeOrderKey,
  POD_NETWORK_SUBNET_LABEL,
  podNetworkOf,
  STATIC_BLOCK,
  type Subnet,
  sizeOf,
} from '../../../src/model/index.ts';
import type { Controller, Intent, ProgramIntent } from '../../../src/reconcile/index.ts';
import { DEFAULT_SCALER } from '../cns/scaler.ts';
import { isOf, ledgerOf, SUBNET_FULL, SUBNET_LEDGERS, type SubnetLedger, subnetOf } from './subnet-ledger.ts';

export interface DncOptions {
  readonly subnets: readonly Subnet[];
}

const NAMESPACE = 'kube-system';
/** Azure keeps the first four addresses of every subnet, and the last. */
const RESERVED_FIRST = 4;
const STATIC_BLOCK_PREFIX = 28;
/** Nodes served in one reconcile. */
const NODES_AT_ONCE_MAX = 1000;

export function dnc({ subnets }: DncOptions): Controller {
  return {
    name: 'dnc-rc',
    program: 'dnc',
    projections: [SUBNET_LEDGERS],
    watches: {
      Node: (node) => subnetKey(subnetOf(node)),
      NodeNetworkConfig: (config) => subnetKey(subnetOf(config)),
    },
    reconcile(view, key) {
      const subnet = subnets.find(({ name }) => name === key);
      const ledger = ledgerOf(view.projection(SUBNET_LEDGERS), key);
      if (subnet === undefined || ledger.due.size === 0) return [];
      const session = new Session(subnet, ledger);
      const names = [...ledger.due].sort((a, b) => (nodeOrderKey(a) < nodeOrderKey(b) ? -1 : 1));
      const intents = names.slice(0, NODES_AT_ONCE_MAX).flatMap((name) => session.serve(name));
      return names.length > NODES_AT_ONCE_MAX && intents.length > 0
        ? [...intents, { do: 'again', afterMs: 0 }]
        : intents;
    },
  };
}

const subnetKey = (subnet: string | undefined) => (subnet === undefined ? [] : [subnet]);

/** One look at a subnet: what is granted in it is taken for the nodes that come after. */
class Session {
  readonly #subnet: Subnet;
  readonly #cidr: Cidr;
  readonly #ledger: SubnetLedger;
  readonly #granted = new Set<Ipv4>();

  constructor(subnet: Subnet, ledger: SubnetLedger) {
    this.#subnet = subnet;
    this.#cidr = cidrOf(subnet.addressPrefix);
    this.#ledger = ledger;
    ledger.lowestFree = Math.max(ledger.lowestFree, this.#first);
  }

  serve(name: string): readonly Intent[] {
    const node = this.#ledger.nodes.get(name);
    const config = this.#ledger.configs.get(name);
    if (config !== undefined && (node === undefined || !isOf(config, node))) return withdraw(config);
    if (node === undefined) return [];
    if (config === undefined) return [{ do: 'create', object: newConfig(node, this.#subnet.name) }];
    const isStatic = podNetworkOf(node)?.type === 'vnetblock';
    const container = config.status?.networkContainers?.[0];
    if (container?.primaryIP !== undefined) return this.#adjust(config, container);
    return isStatic ? this.#giveBlocks(node, config) : this.#giveAddresses(node, config);
  }

  get #first(): Ipv4 {
    return (this.#cidr.network as Ipv4) + RESERVED_FIRST;
  }

  get #end(): Ipv4 {
    return (this.#cidr.network as Ipv4) + sizeOf(this.#cidr) - 1;
  }

  /** The first network container of a node: an address that no pod gets, and what CNS asks for. */
  #giveAddresses(node: Node, config: NodeNetworkConfig): readonly Intent[] {
    const found = this.#take(1 + config.spec.requestedIPCount);
    if (found === undefined) return [];
    const [primary, ...addresses] = found;
    const ipAssignments = addresses.map((address) => assignment(node.metadata.name, formatAddress(address)));
    const container = { ...this.#container(node), primaryIP: formatAddress(primary!), ipAssignments };
    return this.#write(config, { ...container, assignmentMode: 'dynamic', type: 'vnet', version: 0 });
  }

  #giveBlocks(node: Node, config: NodeNetworkConfig): readonly Intent[] {
    const maxPods = Number(node.status.capacity?.['pods'] ?? 0);
    const blocks = this.#takeBlocks(Math.ceil((maxPods + 1) / STATIC_BLOCK));
    if (blocks === undefined) return [];
    const [primaryIP, ...others] = blocks.map((first) => `${formatAddress(first)}/${STATIC_BLOCK_PREFIX}`);
    const ipAssignments = others.map((ip) => assignment(node.metadata.name, ip));
    const container = { ...this.#container(node), primaryIP: primaryIP!, ipAssignments };
    return this.#write(config, { ...container, assignmentMode: 'static', type: 'vnetblock', version: 0 });
  }

  #container({ metadata, status }: Node): NetworkContainer {
    const { address: nodeIP = '' } = status.addresses?.find(({ type }) => type === 'InternalIP') ?? {};
    return {
      id: metadata.uid,
      subnetName: this.#subnet.name,
      subnetAddressSpace: this.#subnet.addressPrefix,
      defaultGateway: formatAddress((this.#cidr.network as Ipv4) + 1),
      nodeIP,
    };
  }

  /** Takes back what the node does not use, then gives it all that it lacks; where that is not there, nothing of it. */
  #adjust(config: NodeNetworkConfig, container: NetworkContainer): readonly Intent[] {
    const { requestedIPCount, ipsNotInUse = [] } = config.spec;
    const before = container.ipAssignments ?? [];
    const notInUse = new Set(ipsNotInUse);
    const kept = before.filter(({ name }) => !notInUse.has(name));
    const lacking = requestedIPCount - kept.length;
    const found = lacking <= 0 ? [] : this.#take(lacking);
    const status = found === undefined ? SUBNET_FULL : '';
    if (kept.length === before.length && (found ?? []).length === 0 && status === (container.status ?? '')) return [];
    const added = (found ?? []).map((address) => assignment(config.metadata.name, formatAddress(address)));
    const ipAssignments = [...kept, ...added];
    const version = (container.version ?? 0) + (kept.length === before.length && added.length === 0 ? 0 : 1);
    return this.#write(config, { ...container, ipAssignments, version, status });
  }

  /** Programs the virtual network first: an address that CNS hears of leads to its node already. */
  #write({ metadata }: NodeNetworkConfig, container: NetworkContainer): readonly Intent[] {
    const { name, namespace, uid } = metadata;
    const status = {
      scaler: DEFAULT_SCALER,
      assignedIPCount: container.ipAssignments?.length ?? 0,
      networkContainers: [container],
    };
    const key = `${namespace}/${name}`;
    return [
      interfaceOf(name, container),
      { do: 'patch', kind: 'NodeNetworkConfig', key, patch: { status }, status: true, precondition: { uid } },
    ];
  }

  /** The lowest free addresses, so many; undefined where there are fewer. */
  #take(count: number): readonly Ipv4[] | undefined {
    const capacity = this.#end - this.#first;
    if (capacity - this.#ledger.holders.size - this.#granted.size < count) return undefined;
    const found: Ipv4[] = [];
    for (let address = this.#ledger.lowestFree; found.length < count; address++) {
      if (address >= this.#end) return undefined;
      if (this.#isFree(address)) found.push(address);
    }
    for (const address of found) this.#granted.add(address);
    return found;
  }

  /** The lowest free blocks that hold no address of Azure's, so many, by their first addresses. */
  #takeBlocks(count: number): readonly Ipv4[] | undefined {
    const found: Ipv4[] = [];
    const start = (this.#ledger.lowestFree & maskOf(STATIC_BLOCK_PREFIX)) >>> 0;
    for (let first = start; found.length < count; first += STATIC_BLOCK) {
      if (first + STATIC_BLOCK > this.#end) return undefined;
      if (first >= this.#first && this.#isFree(first)) found.push(first);
    }
    for (const first of found) for (let i = 0; i < STATIC_BLOCK; i++) this.#granted.add(first + i);
    return found;
  }

  #isFree(address: Ipv4): boolean {
    return !this.#ledger.holders.has(address) && !this.#granted.has(address);
  }
}

/** Assignments have random names in Azure; here a name tells what it is for. */
function assignment(node: string, ip: string): IPAssignment {
  return { name: `${node}-${ip.replace(/[./]/g, '-')}`, ip };
}

function newConfig({ metadata }: Node, subnet: string): Extract<Intent, { do: 'create' }>['object'] {
  const { name, uid } = metadata;
  return {
    apiVersion: 'acn.azure.com/v1alpha',
    kind: 'NodeNetworkConfig',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { [POD_NETWORK_SUBNET_LABEL]: subnet },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: { requestedIPCount: DEFAULT_SCALER.batchSize },
  };
}

function withdraw({ metadata }: NodeNetworkConfig): readonly Intent[] {
  const { name, namespace, uid } = metadata;
  return [
    { do: 'program', piece: 'networkInterface', key: name, value: undefined },
    { do: 'delete', kind: 'NodeNetworkConfig', key: `${namespace}/${name}`, precondition: { uid } },
  ];
}

/** What the virtual network takes to the node. */
function interfaceOf(name: string, { ipAssignments = [], primaryIP = '', type }: NetworkContainer): ProgramIntent {
  const blocks = ipAssignments.map(({ ip }) => cidrOf(ip.includes('/') ? ip : `${ip}/32`));
  const podCidrs = type === 'vnetblock' ? [cidrOf(primaryIP), ...blocks] : blocks;
  return { do: 'program', piece: 'networkInterface', key: name, value: { name, addresses: [], podCidrs } };
}
