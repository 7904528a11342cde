/**
 * A cluster of Services whose nodes have all synced: a change is reconciled by kube-proxy's controller as in the emulator, and
 * then each node that shall have it takes up its rules for the new table of Services.
 */
import { kubeProxyController } from '../../controllers/kube-proxy/index.ts';
import {
  ConntrackTable,
  type Dataplane,
  EMPTY_DATAPLANE,
  NodeNetworks,
  PodNetworks,
  program,
  type Ruleset,
} from '../../src/dataplane/index.ts';
import { type ClusterSettings, type EndpointSlice, type Service, SYN, TCP } from '../../src/model/index.ts';
import { type Host, RecentLists, send, type WorldParts, worldOf } from '../../src/packet/index.ts';
import type { View } from '../../src/reconcile/index.ts';
import type { ProxyMode } from './proxy-modes.ts';
import {
  clientAddress,
  clusterIPOf,
  ENDPOINTS_PER_SERVICE,
  NODES,
  nodeFacts,
  POD_CIDR,
  SERVICE_CIDR,
  SERVICE_PORT,
  serviceObject,
  sliceObject,
} from './proxy-objects.ts';

const SETTINGS: ClusterSettings = {
  networkProfile: {
    networkPlugin: 'azure',
    networkPluginMode: 'overlay',
    podCidr: POD_CIDR,
    serviceCidr: SERVICE_CIDR,
    dnsServiceIP: '10.128.0.10',
  },
  virtualNetwork: {
    addressPrefixes: ['172.16.0.0/16'],
    subnets: [{ name: 'aks', addressPrefix: '172.16.0.0/16' }],
  },
  agentPoolProfiles: [{ name: 'nodepool1', count: NODES, maxPods: 250, vnetSubnet: 'aks' }],
  apiServer: { address: '172.17.0.1', port: 443 },
  systemPods: false,
};

export const FACTS = Array.from({ length: NODES }, (_, node) => nodeFacts(node));

const FACTS_BY_NAME = new Map(FACTS.map((facts) => [facts.name, facts]));

/** Always the first of what there is to choose from. */
const FIRST = { below: () => 0, fraction: () => 0, split: () => FIRST };

export interface ProxiedObjects {
  readonly service: Service;
  readonly slice: EndpointSlice;
}

export function proxiedObjects(service: number, replaced = 0): ProxiedObjects {
  return { service: serviceObject(service), slice: sliceObject(service, replaced) };
}

/** What the controller is shown of one Service. */
function viewOf({ service, slice }: ProxiedObjects, dataplane: Dataplane): View {
  const shown = { get: () => service, byIndex: () => [slice], dataplane };
  return shown as unknown as View;
}

/** The dataplane after kube-proxy's controller has reconciled this Service. */
export function reconciled(dataplane: Dataplane, objects: ProxiedObjects): Dataplane {
  const key = `default/${objects.service.metadata.name}`;
  let changed = dataplane;
  for (const intent of kubeProxyController.reconcile(viewOf(objects, dataplane), key, 0))
    if (intent.do === 'program') changed = program(changed, intent);
  return changed;
}

/** With every Service's record in the table, and nodes with a client pod each. */
export function builtDataplane(objects: readonly ProxiedObjects[]): Dataplane {
  return objects.reduce(reconciled, EMPTY_DATAPLANE);
}

export class ProxiedCluster {
  dataplane: Dataplane;
  readonly #mode: ProxyMode;
  readonly #rulesets = new Map<string, Ruleset>();
  readonly #clients: readonly Host[];

  constructor(dataplane: Dataplane, mode: ProxyMode) {
    let nodes = NodeNetworks.EMPTY;
    let pods = PodNetworks.EMPTY;
    for (const [i, facts] of FACTS.entries()) {
      const pod = { pod: `default/client-${i}`, uid: `uid-${i}`, node: facts.name, addresses: [clientAddress(i)] };
      nodes = nodes.set(facts.name, facts);
      pods = pods.set(pod.pod, pod);
    }
    this.dataplane = dataplane;
    this.#mode = mode;
    const tables = new Map(FACTS.map(({ name }) => [name, new ConntrackTable(4)]));
    const world = worldOf(
      { ...dataplane, node: nodes, pod: pods },
      {
        settings: SETTINGS,
        rulesetOf: (node, family) => (family === 4 ? this.#rulesets.get(node) : undefined),
        conntrackOf: (node) => tables.get(node)!,
        recentOf: () => new RecentLists(),
        ...this.#ipvsParts(),
      },
    );
    this.#clients = FACTS.map((_, i) => world.host(`pod/default/client-${i}`)!);
  }

  #ipvsParts(): Pick<WorldParts, 'ipvsOf'> {
    const mode = this.#mode;
    if (mode.ipvsOf === undefined) return {};
    return { ipvsOf: (node, family) => (family === 4 ? mode.ipvsOf?.(FACTS_BY_NAME.get(node)!) : undefined) };
  }

  /** Reconciles the change, and makes the first nodes ready to walk a packet of that Service. */
  change(objects: ProxiedObjects, service: number, nodes: number): void {
    const before = this.dataplane.service;
    this.dataplane = reconciled(this.dataplane, objects);
    if (this.dataplane.service === before) throw new Error(`service-${service} did not change`);
    this.ready(service, nodes);
  }

  ready(service: number, nodes: number): void {
    const clusterIP = clusterIPOf(service);
    for (let node = 0; node < nodes; node++) {
      const ruleset = this.#mode.rulesetOf(this.dataplane.service, FACTS[node]!);
      this.#rulesets.set(FACTS[node]!.name, ruleset);
      const reached = this.#mode.reach(ruleset, FACTS[node]!, clusterIP, SERVICE_PORT);
      if (reached !== ENDPOINTS_PER_SERVICE) throw new Error(`node${node} reaches ${reached} endpoints`);
    }
  }

  /** Sends a packet to that Service from a pod of each of the first nodes; none of the pods that would take it is there. */
  walk(service: number, nodes: number): void {
    const destination = clusterIPOf(service);
    for (let node = 0; node < nodes; node++) {
      const packet = {
        protocol: TCP,
        source: clientAddress(node),
        sourcePort: 40_000,
        destination,
        destinationPort: SERVICE_PORT,
        flags: SYN,
        ttl: 64,
      } as const;
      const walked = send(this.#clients[node]!, packet, { at: 0, dice: FIRST });
      if (walked.seen.destination === destination) throw new Error(`node${node} translated nothing`);
    }
  }
}
