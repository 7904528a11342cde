/**
 * The virtual machines of the agent pools: names, addresses, and the Node object that each one's kubelet registers.
 *
 * Azure keeps the first four addresses and the last of every subnet; machines take the lowest free one
 * (https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq).
 */
import {
  type Address,
  type AddressModel,
  type AgentPoolProfile,
  addressModelOf,
  addressOf,
  addressPlus,
  bigIntOfAddress,
  type Cidr,
  type ClusterSettings,
  cidrOf,
  contains,
  type Family,
  formatAddress,
  type Ipv4,
  type Labels,
  NETWORK_PLUGIN_LABEL,
  POD_NETWORK_SUBNET_LABEL,
  POD_NETWORK_TYPE_LABEL,
  type Subnet,
  sizeOf,
} from '../model/index.ts';

const AZURE_RESERVED_FIRST = 4;

/** Hands out a subnet's addresses to machines: with two families, at the same place in both. */
class SubnetAddresses {
  readonly #ipv6: Cidr | undefined;
  readonly #network: Ipv4;
  readonly #first: Ipv4;
  readonly #end: Ipv4;
  readonly #taken = new Set<Ipv4>();
  #lowestFree: Ipv4;

  constructor({ addressPrefix, ipv6AddressPrefix }: Subnet) {
    const subnet = cidrOf(addressPrefix);
    this.#ipv6 = ipv6AddressPrefix === undefined ? undefined : cidrOf(ipv6AddressPrefix);
    this.#network = subnet.network as Ipv4;
    this.#first = (subnet.network as Ipv4) + AZURE_RESERVED_FIRST;
    this.#end = (subnet.network as Ipv4) + sizeOf(subnet) - 1;
    this.#lowestFree = this.#first;
  }

  /** addresses that nobody has */
  get free(): number {
    return this.#end - this.#first - this.#taken.size;
  }

  /** The lowest free ones, so many; undefined, and none taken, where there are fewer. */
  takeAll(count: number): readonly Ipv4[] | undefined {
    return this.free < count ? undefined : Array.from({ length: count }, () => this.#take());
  }

  #take(): Ipv4 {
    while (this.#taken.has(this.#lowestFree)) this.#lowestFree++;
    this.#taken.add(this.#lowestFree);
    return this.#lowestFree;
  }

  /** The IPv6 address beside an IPv4 one; undefined where the subnet has none. */
  ipv6Of(address: Ipv4): Address | undefined {
    return this.#ipv6 && addressPlus(this.#ipv6.network, address - this.#network);
  }

  /** The IPv4 address in whose place an IPv6 one is. */
  ipv4Of(address: Address): Ipv4 | undefined {
    if (typeof address === 'number') return address;
    if (this.#ipv6 === undefined || !contains(this.#ipv6, address)) return undefined;
    return this.#network + Number(bigIntOfAddress(address) - bigIntOfAddress(this.#ipv6.network));
  }

  /** Keeps one address from being given out; one that is taken already stays so. */
  reserve(address: Ipv4): void {
    if (address >= this.#first && address < this.#end) this.#taken.add(address);
  }

  release(address: Ipv4): void {
    if (this.#taken.delete(address) && address < this.#lowestFree) this.#lowestFree = address;
  }
}

interface Machine {
  readonly node: string;
  readonly address: Ipv4;
  /** further addresses of its network interface, for pods (Node Subnet) */
  readonly secondary: readonly Ipv4[];
}

/** What a machine brings: the Node object, and what its network interface has been given for pods. */
export interface NewMachine {
  readonly manifest: NodeManifest;
  readonly secondary: readonly Ipv4[];
}

/** A node as its kubelet registers it, and nothing that the apiserver fills in. */
export interface NodeManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'Node';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: object;
  readonly status: object;
}

export class NodePools {
  readonly #settings: ClusterSettings;
  readonly #subnets: Map<string, SubnetAddresses>;
  readonly #machines: Map<string, Machine[]>;
  #nodesEver = 0;

  constructor(settings: ClusterSettings) {
    this.#settings = settings;
    const { subnets } = settings.virtualNetwork;
    this.#subnets = new Map(subnets.map((subnet) => [subnet.name, new SubnetAddresses(subnet)]));
    this.#machines = new Map(settings.agentPoolProfiles.map(({ name }) => [name, []]));
  }

  /** names of a pool's nodes, the oldest first */
  nodesOf(pool: string): readonly string[] {
    return this.#machines.get(pool)!.map(({ node }) => node);
  }

  /** addresses that nobody has in the subnet of a pool's machines */
  freeAddresses(pool: string): number {
    return this.#subnets.get(this.#profile(pool).vnetSubnet)!.free;
  }

  /** What a machine of this name brings when it comes anew; undefined where there is none. */
  again(node: string): NewMachine | undefined {
    for (const [pool, machines] of this.#machines) {
      const ordinal = machines.findIndex((machine) => machine.node === node);
      if (ordinal >= 0) return this.#machine(machines[ordinal]!, this.#profile(pool), ordinal);
    }
    return undefined;
  }

  #profile(pool: string): AgentPoolProfile {
    const profile = this.#settings.agentPoolProfiles.find(({ name }) => name === pool);
    if (profile === undefined) throw new Error(`no agent pool named ${pool}`);
    return profile;
  }

  #machine(machine: Machine, profile: AgentPoolProfile, ordinal: number): NewMachine {
    const model = addressModelOf(this.#settings.networkProfile, profile);
    const ipv6 = this.#subnets.get(profile.vnetSubnet)?.ipv6Of(machine.address);
    return { manifest: nodeManifest(machine, ipv6, profile, model, ordinal), secondary: machine.secondary };
  }

  /** An address for what is no machine: the one wanted, or the lowest free one. */
  takeAddress(subnet: string, family: Family, wanted?: string): string | undefined {
    const addresses = this.#subnets.get(subnet);
    if (wanted === undefined) {
      const [ipv4] = addresses?.takeAll(1) ?? [];
      const address = ipv4 === undefined || family === 4 ? ipv4 : addresses?.ipv6Of(ipv4);
      return address === undefined ? undefined : formatAddress(address);
    }
    const address = addresses?.ipv4Of(addressOf(wanted));
    if (address !== undefined) addresses?.reserve(address);
    return wanted;
  }

  releaseAddress(subnet: string, text: string): void {
    const addresses = this.#subnets.get(subnet);
    const address = addresses?.ipv4Of(addressOf(text));
    if (address !== undefined) addresses?.release(address);
  }

  /** Brings a pool to `count` machines: what to create, and which nodes to delete (the newest first, as a scale set does). */
  resize(pool: string, count: number): { readonly create: readonly NewMachine[]; readonly remove: readonly string[] } {
    const profile = this.#profile(pool);
    const machines = this.#machines.get(pool)!;
    const subnet = this.#subnets.get(profile.vnetSubnet)!;
    const model = addressModelOf(this.#settings.networkProfile, profile);
    const create: NewMachine[] = [];
    const remove: string[] = [];
    while (machines.length > count) {
      const machine = machines.pop()!;
      for (const address of [machine.address, ...machine.secondary]) subnet.release(address);
      remove.push(machine.node);
    }
    while (machines.length < count) {
      const taken = subnet.takeAll(model === 'node-subnet' ? 1 + profile.maxPods : 1);
      // Settings were checked before: a pool that does not fit its subnet is refused there.
      if (taken === undefined) break;
      const [address, ...secondary] = taken;
      const machine = { node: `node${++this.#nodesEver}`, address: address!, secondary };
      machines.push(machine);
      create.push(this.#machine(machine, profile, machines.length - 1));
    }
    return { create, remove };
  }
}

function nodeManifest(
  { node, address }: Machine,
  ipv6: Address | undefined,
  profile: AgentPoolProfile,
  model: AddressModel | undefined,
  ordinal: number,
): NodeManifest {
  const zones = profile.availabilityZones ?? [];
  // A node outside of any availability zone is labelled with its fault domain, "0" for a scale set.
  const zone = zones.length === 0 ? '0' : `eastus-${zones[ordinal % zones.length]}`;
  const capacity = { cpu: '4', memory: '16Gi', pods: String(profile.maxPods) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node,
      labels: {
        'kubernetes.azure.com/agentpool': profile.name,
        'kubernetes.io/hostname': node,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/region': 'eastus',
        'topology.kubernetes.io/zone': zone,
        ...podNetworkLabels(profile, model),
        ...profile.nodeLabels,
      },
    },
    spec: {
      providerID: `azure:///subscriptions/0/resourceGroups/orrery/providers/Microsoft.Compute/virtualMachineScaleSets/${profile.name}/virtualMachines/${ordinal}`,
      taints: [
        { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
        ...(profile.nodeTaints ?? []).map(taintOf),
      ],
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: formatAddress(address) },
        ...(ipv6 === undefined ? [] : [{ type: 'InternalIP', address: formatAddress(ipv6) }]),
        { type: 'Hostname', address: node },
      ],
      capacity,
      allocatable: capacity,
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'KubeletNotReady',
          message:
            'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
        },
      ],
    },
  };
}

/** By these DNC and the kubelet know where the node's pods get their addresses from. */
function podNetworkLabels({ podSubnet = '' }: AgentPoolProfile, model: AddressModel | undefined): Labels {
  switch (model) {
    case 'kubenet':
      return { [NETWORK_PLUGIN_LABEL]: 'kubenet' };
    case 'pod-subnet-dynamic':
      return { [POD_NETWORK_SUBNET_LABEL]: podSubnet, [POD_NETWORK_TYPE_LABEL]: 'vnet' };
    case 'pod-subnet-static-block':
      return { [POD_NETWORK_SUBNET_LABEL]: podSubnet, [POD_NETWORK_TYPE_LABEL]: 'vnetblock' };
    default:
      return {};
  }
}

/** `key=value:Effect`, as AKS's `nodeTaints` are written. */
function taintOf(text: string): object {
  const [keyValue = '', effect = 'NoSchedule'] = text.split(':');
  const [key, value] = keyValue.split('=');
  return value === undefined ? { key, effect } : { key, value, effect };
}

/** The first usable address of a CIDR, where AKS's `kubernetes` Service is. */
export function firstAddress(cidr: string): string {
  return formatAddress((cidrOf(cidr).network as Ipv4) + 1);
}
