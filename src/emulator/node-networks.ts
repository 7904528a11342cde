/**
 * What each node's kernel holds: the rules that its kube-proxy has loaded, its tracked connections, its `recent` lists.
 * Together with the dataplane they are the world that packets walk.
 *
 * A node syncs when somebody first asks for its rules after a change, not when the change comes: an event costs nothing here,
 * however many nodes there are.
 */
import { ipMasqAgent, kubeProxy } from '../../controllers/index.ts';
import type { ConntrackTable, Dataplane, Ruleset, VirtualServers } from '../dataplane/index.ts';
import { type ClusterSettings, cidrOf, type Family, type Key, type Moment } from '../model/index.ts';
import { type ClusterWorld, type IpvsTable, worldOf } from '../packet/index.ts';
import type { Cloud } from './cloud/cloud.ts';
import { type Kernel, newKernel } from './kernel.ts';
import { type ProxyMode, proxyModeOf } from './proxy-mode.ts';
import type { ServiceVersions } from './service-versions.ts';

export interface NodeNetworksOptions {
  readonly settings: ClusterSettings;
  readonly services: ServiceVersions;
  readonly dataplane: () => Dataplane;
  readonly now: () => Moment;
  /** the node of a pod that shares its node's network; undefined for others */
  readonly hostNetworkNodeOf: (pod: Key) => string | undefined;
  /** Azure around the nodes; undefined where a wire joins them */
  readonly cloud?: Cloud | undefined;
}

const FAMILY: Family = 4;

export class NodeNetworks {
  readonly #options: NodeNetworksOptions;
  #settings: ClusterSettings;
  #mode: ProxyMode;
  #withAgent: (rules: Ruleset) => Ruleset;
  readonly #kernels = new Map<string, Kernel>();
  #world: { readonly of: Dataplane; readonly cloudRevision: number; readonly world: ClusterWorld } | undefined;

  constructor(options: NodeNetworksOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#mode = proxyModeOf(options.settings);
    this.#withAgent = agentOf(options.settings);
  }

  /** The nodes go by other settings from now on: a larger pod range. */
  reconfigure(settings: ClusterSettings): void {
    this.#settings = settings;
    this.#mode = proxyModeOf(settings);
    this.#withAgent = agentOf(settings);
    this.#world = undefined;
    for (const kernel of this.#kernels.values()) kernel.services = undefined;
  }

  /** The world as it is now. It looks up a node's rules when a packet meets them, so that a lagging node has its own. */
  world(): ClusterWorld {
    const of = this.#options.dataplane();
    const cloudRevision = this.#options.cloud?.arm.store.revision ?? 0;
    if (this.#world?.of !== of || this.#world.cloudRevision !== cloudRevision)
      this.#world = { of, cloudRevision, world: this.#worldOver(of) };
    return this.#world.world;
  }

  /** The rules that a node has loaded: of the Services that its kube-proxy has synced by now, and ip-masq-agent's. */
  rulesetOf(node: string, family: Family): Ruleset | undefined {
    const kernel = this.#synced(node);
    // ip-masq-agent looks after IPv4 alone.
    if (family !== FAMILY) return kernel?.rulesIpv6;
    return kernel?.rules && this.#withAgent(kernel.rules);
  }

  conntrackOf(node: string, family: Family): ConntrackTable {
    this.#synced(node);
    return this.#kernel(node).conntrack[family];
  }

  /** A node's virtual servers, their connections counted; undefined where kube-proxy runs in another mode. */
  virtualServersOf(node: string): VirtualServers | undefined {
    const kernel = this.#synced(node);
    return kernel?.balancer?.counted(this.#options.now());
  }

  /** Brings a node's kernel to what its kube-proxy has heard of by now. Undefined where there is no such node. */
  #synced(node: string): Kernel | undefined {
    const { dataplane, services, now } = this.#options;
    const facts = dataplane().node.get(node);
    if (facts === undefined) return undefined;
    const at = now();
    const table = services.of(node, at);
    const kernel = this.#kernel(node);
    kernel.balancer?.terminate(at);
    if (kernel.services === table && kernel.facts === facts) return kernel;
    this.#mode.sync(kernel, table, facts, at);
    cleanUpConntrack(kernel, at);
    return kernel;
  }

  #worldOver(dataplane: Dataplane): ClusterWorld {
    const { hostNetworkNodeOf, cloud } = this.#options;
    return worldOf(dataplane, {
      settings: this.#settings,
      rulesetOf: (node, family) => this.rulesetOf(node, family),
      conntrackOf: (node, family) => this.#kernel(node).conntrack[family],
      recentOf: (node) => this.#kernel(node).recent,
      hostNetworkNodeOf,
      routeLocalnet: this.#mode.routeLocalnet,
      ...(this.#mode.balances ? this.#ipvsParts() : {}),
      ...(cloud === undefined ? {} : { surroundings: cloud.surroundings() }),
    });
  }

  #ipvsParts() {
    return {
      ipvsOf: (node: string, family: Family): IpvsTable | undefined =>
        family === FAMILY ? this.#synced(node)?.balancer?.table : undefined,
    };
  }

  #kernel(node: string): Kernel {
    let kernel = this.#kernels.get(node);
    if (kernel === undefined) this.#kernels.set(node, (kernel = newKernel()));
    return kernel;
  }
}

/**
 * Pod addresses of a range of their own are nothing outside of the cluster; those of Node Subnet are known in the virtual
 * network; with Pod Subnet no agent runs, and pods keep their addresses. AKS masquerades link-local destinations too.
 */
function agentOf(settings: ClusterSettings): (rules: Ruleset) => Ruleset {
  const { agentPoolProfiles, networkProfile, virtualNetwork } = settings;
  const isPodSubnet = agentPoolProfiles.some(({ podSubnet }) => podSubnet !== undefined);
  if (networkProfile.networkPlugin === 'none' || isPodSubnet) return (rules) => rules;
  const { podCidr } = networkProfile;
  const nonMasqueradeCidrs = (podCidr === undefined ? virtualNetwork.addressPrefixes : [podCidr]).map(cidrOf);
  return ipMasqAgent.withIpMasqAgent({ family: FAMILY, nonMasqueradeCidrs, masqLinkLocal: true });
}

/** UDP has no end that conntrack could see: entries that lead to endpoints which serve no more go at kube-proxy's sync. */
function cleanUpConntrack(kernel: Kernel, at: Moment): void {
  const { services, conntrack } = kernel;
  if (services === undefined || services.udpEndpointChanges === kernel.udpEndpointChanges) return;
  kernel.udpEndpointChanges = services.udpEndpointChanges;
  for (const table of [conntrack[4], conntrack[6]])
    for (const connection of kubeProxy.staleConnections(table, services, at)) table.remove(connection);
}
