/**
 * What each node's kernel holds: the rules that its kube-proxy has loaded, its tracked connections, its `recent` lists.
 * Together with the dataplane they are the world that packets walk.
 */
import { kubeProxy } from '../../controllers/index.ts';
import { ConntrackTable, type Dataplane, type Ruleset } from '../dataplane/index.ts';
import type { ClusterSettings, Family, Key, Moment } from '../model/index.ts';
import { type ClusterWorld, RecentLists, worldOf } from '../packet/index.ts';
import type { ServiceVersions } from './service-versions.ts';

export interface NodeNetworksOptions {
  readonly settings: ClusterSettings;
  readonly services: ServiceVersions;
  readonly dataplane: () => Dataplane;
  readonly now: () => Moment;
  /** the node of a pod that shares its node's network; undefined for others */
  readonly hostNetworkNodeOf: (pod: Key) => string | undefined;
}

interface Kernel {
  readonly conntrack: { readonly 4: ConntrackTable; readonly 6: ConntrackTable };
  readonly recent: RecentLists;
}

export class NodeNetworks {
  readonly #options: NodeNetworksOptions;
  readonly #config: kubeProxy.KubeProxyConfig;
  readonly #kernels = new Map<string, Kernel>();
  #world: { readonly of: Dataplane; readonly world: ClusterWorld } | undefined;

  constructor(options: NodeNetworksOptions) {
    this.#options = options;
    this.#config = kubeProxy.defaultKubeProxyConfig(options.settings.networkProfile.podCidr ?? '0.0.0.0/0');
  }

  /** The world as it is now. It looks up a node's rules when a packet meets them, so that a lagging node has its own. */
  world(): ClusterWorld {
    const of = this.#options.dataplane();
    if (this.#world?.of !== of) this.#world = { of, world: this.#worldOver(of) };
    return this.#world.world;
  }

  /** The rules that a node has loaded: of the Services that its kube-proxy has synced by now. */
  rulesetOf(node: string, family: Family): Ruleset | undefined {
    const { dataplane, services, now } = this.#options;
    const facts = dataplane().node.get(node);
    if (facts === undefined || family !== this.#config.family) return undefined;
    return kubeProxy.kubeProxyRuleset(services.of(node, now()), facts, this.#config);
  }

  conntrackOf(node: string, family: Family): ConntrackTable {
    return this.#kernel(node).conntrack[family];
  }

  #worldOver(dataplane: Dataplane): ClusterWorld {
    const { settings, hostNetworkNodeOf } = this.#options;
    return worldOf(dataplane, {
      settings,
      rulesetOf: (node, family) => this.rulesetOf(node, family),
      conntrackOf: (node, family) => this.conntrackOf(node, family),
      recentOf: (node) => this.#kernel(node).recent,
      hostNetworkNodeOf,
    });
  }

  #kernel(node: string): Kernel {
    let kernel = this.#kernels.get(node);
    if (kernel === undefined) {
      kernel = { conntrack: { 4: new ConntrackTable(4), 6: new ConntrackTable(6) }, recent: new RecentLists() };
      this.#kernels.set(node, kernel);
    }
    return kernel;
  }
}
