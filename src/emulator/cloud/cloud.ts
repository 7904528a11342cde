/**
 * Azure around a cluster: the resource manager with all that it holds, the nodes' interfaces as nodes come and go, and what
 * the fabric between machines makes of both.
 */
import type { SchedulerLike } from 'rxjs';
import { ResourceManager } from '../../arm/index.ts';
import { ConntrackTable, isParseFailure, parseIptablesSave, type Ruleset } from '../../dataplane/index.ts';
import {
  type Address,
  type AzureSurroundings,
  addressOf,
  addressPlus,
  azure,
  CLUSTER_NETWORK,
  type ClusterSettings,
  cidrOf,
  contains,
  type Family,
  formatAddress,
  type Ipv4,
  KIND_INFO,
  type KubernetesObject,
  type Node,
} from '../../model/index.ts';
import type { Surroundings } from '../../packet/index.ts';
import type { Store } from '../../store/index.ts';
import { NoSuchTargetError } from '../traffic.ts';
import { type CloudChange, callOf } from './hand-change.ts';
import { CloudOperations } from './operations.ts';
import { PoolMembers } from './pool-members.ts';
import { type ProbeParts, Probes } from './probes.ts';
import { CLUSTER_NETWORK_ID, idOf, nodeInterface, OUTBOUND_POOL_ID, resourcesOf } from './resources.ts';

/** From one of the ranges that Azure's public addresses are from. */
const FIRST_PUBLIC_ADDRESS = addressOf('20.50.0.4') as Ipv4;
const FIRST_PUBLIC_IPV6_ADDRESS = addressOf('2603:1030:20e::4');

/** What a stateful firewall lets pass: connections that it saw begin. */
const APPLIANCE_RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -m comment --comment "the firewall did not see this connection begin" -j DROP
COMMIT
`;

/** What the cloud is given of the rest of the emulator. */
export interface CloudParts {
  readonly clock: SchedulerLike;
  /** told whenever a resource has changed */
  readonly changed: () => void;
  /** told when a load balancer has got or lost a pool: nodes have to join it */
  readonly poolsChanged: () => void;
  /** told when somebody has written a route table by hand */
  readonly routesChanged: () => void;
  /** the addresses of the cluster's subnets */
  readonly addresses: SubnetAddressSource;
  readonly probes: ProbeParts;
}

/** Hands out a subnet's addresses to whatever is no machine. */
export interface SubnetAddressSource {
  takeAddress(subnet: string, family: Family, wanted?: string): string | undefined;
  releaseAddress(subnet: string, address: string): void;
}

export class Cloud {
  readonly arm: ResourceManager;
  readonly operations: CloudOperations;
  readonly #members: PoolMembers;
  readonly #probes: Probes;
  readonly #addresses: SubnetAddressSource;
  /** the pools that each load balancer had when its last write ended */
  readonly #pools = new Map<string, string>();
  readonly #routesChanged: () => void;
  readonly #settings: ClusterSettings;
  readonly #surroundings: AzureSurroundings;
  readonly #flows = { 4: new ConntrackTable(4), 6: new ConntrackTable(6) };
  /** addresses of the nodes, in the order in which they came: a node's place decides on its outbound ports */
  readonly #nodes = new Map<string, readonly string[]>();
  readonly #appliances = new Map<string, { readonly conntrack: ConntrackTable; readonly rules: Ruleset }>();
  /** interfaces by network and address */
  readonly #interfaces = new Map<string, string>();
  /** the same as a list, made when somebody asks after a change */
  #nodeAddresses: readonly string[] | undefined;
  #nextPublicAddress = FIRST_PUBLIC_ADDRESS;
  #nextPublicIpv6Address = FIRST_PUBLIC_IPV6_ADDRESS;

  constructor(settings: ClusterSettings, surroundings: AzureSurroundings, parts: CloudParts) {
    const { addresses } = parts;
    this.#addresses = addresses;
    this.#routesChanged = parts.routesChanged;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.arm = new ResourceManager({
      publicAddress: (version) => this.#newPublicAddress(version),
      take: (subnet, version, wanted) => {
        return addresses.takeAddress(azure.nameInId(subnet), version === 'IPv6' ? 6 : 4, wanted);
      },
      release: (before, after) => releaseFrontends(before, after, addresses),
    });
    this.operations = new CloudOperations({ arm: this.arm, ...parts });
    this.#members = new PoolMembers(this.arm);
    this.#probes = new Probes(parts.probes);
    this.arm.store.watch('lb/').subscribe(({ key, value }) => {
      if (value?.properties.provisioningState === 'Updating') return;
      const names = poolNames(value);
      if (names !== (this.#pools.get(key) ?? '')) parts.poolsChanged();
      this.#pools.set(key, names);
    });
    for (const { name, appliance } of surroundings.virtualMachines) {
      if (appliance === true) this.#appliances.set(name, { conntrack: new ConntrackTable(4), rules: applianceRules() });
    }
  }

  /** Everything that is there before the first node; nodes' interfaces follow the Nodes in the store. */
  boot(store: Store<KubernetesObject>): void {
    for (const resource of resourcesOf(this.#settings, this.#surroundings)) this.#put(resource);
    for (const { name, subnet, privateIPAddress } of this.#surroundings.virtualMachines) {
      this.#interfaces.set(placeKey(networkIdOf(subnet), privateIPAddress), idOf('nic', name));
      // A machine among the nodes has its address before any of them.
      if (!subnet.includes('/')) this.#addresses.takeAddress(subnet, 4, privateIPAddress);
    }
    store.watch(`${KIND_INFO.Node.plural}/`).subscribe(({ value, before }) => {
      if (before === undefined) this.#addNode(value as Node);
      if (value === undefined) this.#removeNode(before!.metadata.name);
    });
  }

  #newPublicAddress(version: azure.IpVersion): string {
    if (version === 'IPv4') return formatAddress(this.#nextPublicAddress++);
    const address = this.#nextPublicIpv6Address;
    this.#nextPublicIpv6Address = addressPlus(address, 1);
    return formatAddress(address);
  }

  #addNode({ metadata: { name: node }, status }: Node): void {
    const internal = (status.addresses ?? []).filter(({ type }) => type === 'InternalIP');
    const addresses = internal.map(({ address }) => address);
    const [first] = addresses;
    const subnet = first === undefined ? undefined : this.#subnetOf(addressOf(first));
    if (first === undefined || subnet === undefined) return;
    this.#put(nodeInterface(node, addresses, subnet));
    this.#nodes.set(node, addresses);
    this.#nodeAddresses = undefined;
    for (const address of addresses) this.#interfaces.set(placeKey(CLUSTER_NETWORK_ID, address), idOf('nic', node));
  }

  #subnetOf(address: Address): string | undefined {
    const { subnets } = this.#settings.virtualNetwork;
    return subnets.find(({ addressPrefix }) => contains(cidrOf(addressPrefix), address))?.name;
  }

  #removeNode(node: string): void {
    const addresses = this.#nodes.get(node);
    if (addresses === undefined) return;
    this.#nodes.delete(node);
    this.#nodeAddresses = undefined;
    for (const address of addresses) this.#interfaces.delete(placeKey(CLUSTER_NETWORK_ID, address));
    this.arm.preempt('nic', idOf('nic', node));
  }

  /** The fabric as a world needs it. */
  surroundings(): Surroundings {
    const { virtualMachines, serviceTags } = this.#surroundings;
    return {
      cloud: this.arm,
      networkId: CLUSTER_NETWORK_ID,
      conntrackOf: (family: Family) => this.#flows[family],
      nicAt: (networkId, address) => this.#interfaceAt(networkId, address),
      membersOf: ({ id }) =>
        azure.sameId(id, OUTBOUND_POOL_ID)
          ? (this.#nodeAddresses ??= Array.from(this.#nodes.values(), ([first]) => first!))
          : this.#members.of(id ?? ''),
      healthyOf: (probe, members) => this.#probes.healthyOf(probe, members),
      serviceTags: new Map(
        Object.entries(serviceTags).map(([tag, prefixes]) => [tag.toLowerCase(), prefixes.map(cidrOf)]),
      ),
      machines: virtualMachines.map(({ name, subnet, privateIPAddress }) => {
        const appliance = this.#appliances.get(name);
        const facts = { name, networkId: networkIdOf(subnet), address: privateIPAddress };
        return appliance === undefined ? facts : { ...facts, appliance };
      }),
    };
  }

  /** Somebody changes Azure by hand. Throws a `NoSuchTargetError` where that cannot be. */
  change(change: CloudChange): void {
    const begun = this.arm.begin(callOf(change, this.arm));
    if (!begun.ok) throw new NoSuchTargetError(`Azure refuses: ${begun.error.message}`);
    this.arm.finish(begun.operation);
    if (change.path.kind === 'route-table') this.#routesChanged();
  }

  /** A resource of the cluster's by its name. */
  named<N extends azure.ResourceName>(kind: N, name: string): azure.ResourceOf<N> | undefined {
    return this.arm.get(kind, idOf(kind, name));
  }

  #interfaceAt(networkId: string, address: Address): azure.NetworkInterface | undefined {
    const id = this.#interfaces.get(placeKey(networkId, formatAddress(address)));
    return id === undefined ? undefined : this.arm.get('nic', id);
  }

  /** What AKS and the user did before the script begins takes no time, nor does the interface of a new machine. */
  #put(resource: azure.AzureResource): void {
    const begun = this.arm.begin({ method: 'PUT', resource });
    if (!begun.ok) throw new Error(`Azure refuses the surroundings: ${begun.error.message}`);
    this.arm.finish(begun.operation);
  }
}

function poolNames(balancer: azure.AzureResource | undefined): string {
  const { backendAddressPools = [] } = (balancer as azure.LoadBalancer | undefined)?.properties ?? {};
  return backendAddressPools.map(({ name }) => name).join();
}

/** What has an address of a subnet without being a machine. */
function partsInSubnets({ type, properties }: azure.AzureResource) {
  if (type === 'Microsoft.Network/loadBalancers') return properties.frontendIPConfigurations ?? [];
  return type === 'Microsoft.Network/privateLinkServices' ? (properties.ipConfigurations ?? []) : [];
}

/** Gives back the private addresses of what is no longer there. */
function releaseFrontends(
  before: azure.AzureResource,
  after: azure.AzureResource | undefined,
  addresses: SubnetAddressSource,
): void {
  const kept = new Set(
    (after === undefined ? [] : partsInSubnets(after)).map(({ properties }) => properties.privateIPAddress),
  );
  for (const { properties } of partsInSubnets(before)) {
    const { subnet, privateIPAddress } = properties;
    if (subnet?.id === undefined || privateIPAddress === undefined || kept.has(privateIPAddress)) continue;
    addresses.releaseAddress(azure.nameInId(subnet.id), privateIPAddress);
  }
}

function placeKey(networkId: string, address: string): string {
  return `${networkId.toLowerCase()} ${address}`;
}

function networkIdOf(subnet: string): string {
  const [network = '', name] = subnet.split('/');
  return idOf('vnet', name === undefined ? CLUSTER_NETWORK : network);
}

function applianceRules(): Ruleset {
  const rules = parseIptablesSave(APPLIANCE_RULES);
  if (isParseFailure(rules)) throw new Error('the rules of appliances are not in iptables-save form');
  return rules;
}
