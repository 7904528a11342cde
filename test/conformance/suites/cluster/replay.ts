/**
 * A recorded cluster, run again. Nodes, scheduling, addresses and readiness come from the recording, as they were given by
 * hand when it was made: of the emulator's programs only those run that also ran then.
 */
import {
  defaultKubeProxyConfig,
  defaultNftablesConfig,
  kubeProxyNftTable,
  kubeProxyRuleset,
} from '../../../../controllers/kube-proxy/index.ts';
import { iptablesSave, type NodeFacts, nftList } from '../../../../src/dataplane/index.ts';
import { Emulator } from '../../../../src/emulator/index.ts';
import {
  addressOf,
  type ClusterSettings,
  cidrOf,
  isKind,
  type KubernetesObject,
  keyOf,
} from '../../../../src/model/index.ts';
import type { Manifest, ObservedObject, RecordedNode, Recording } from './recording.ts';

const CLUSTER_CIDR = '10.244.0.0/16';
const SERVICE_CIDRS = ['10.96.0.0/16'];
const RECORDED_PROGRAMS: readonly string[] = ['kube-controller-manager', 'kube-proxy'];
/** The apiserver's warning that it does not know a part of what it was given. Its other warnings are advice. */
const UNKNOWN_FIELD = /^(unknown|duplicate) field /;
/** Longer than any replay takes. */
const NEVER_MS = 1e12;

const SETTINGS: ClusterSettings = {
  networkProfile: {
    networkPlugin: 'azure',
    networkPluginMode: 'overlay',
    podCidr: CLUSTER_CIDR,
    serviceCidr: '10.96.0.0/16',
    dnsServiceIP: '10.96.0.10',
  },
  virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets: [{ name: 'aks', addressPrefix: '10.10.12.0/24' }] },
  agentPoolProfiles: [],
  apiServer: { address: '10.10.12.250', port: 26443 },
  systemPods: false,
};

type Outcome = ReturnType<Emulator['remove']>;

function mustBeTaken(what: string, outcome: Outcome | undefined): KubernetesObject {
  if (outcome === undefined) throw new Error(`${what}: no answer`);
  if (!outcome.ok) throw new Error(`${what}: refused: ${outcome.status.message}`);
  const dropped = (outcome.warnings ?? []).find((warning) => UNKNOWN_FIELD.test(warning));
  if (dropped !== undefined) throw new Error(`${what}: ${dropped}`);
  return outcome.object;
}

function nodeManifest({ name, ip, podCIDR, zone }: RecordedNode): Manifest {
  const labels = {
    'kubernetes.io/hostname': name,
    ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: { podCIDR, podCIDRs: [podCIDR] },
    status: {
      addresses: [{ type: 'InternalIP', address: ip }],
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
    },
  };
}

function factsOf({ name, ip, podCIDR, zone }: RecordedNode): NodeFacts {
  const facts = { name, addresses: [addressOf(ip)], podCidrs: [cidrOf(podCIDR)] };
  return zone === undefined ? facts : { ...facts, zone };
}

export class ReplayedCluster {
  readonly #emulator = new Emulator(SETTINGS, { seed: 1 });

  constructor(recording: Recording) {
    this.#emulator.boot();
    for (const program of this.#emulator.programs) {
      if (RECORDED_PROGRAMS.includes(program)) continue;
      this.#emulator.inject({ fault: 'crash', program, downMs: NEVER_MS });
    }
    for (const node of recording.nodes) this.#apply(nodeManifest(node));
    for (const manifest of recording.apply) this.#apply(manifest);
    for (const manifest of recording.apply) if (manifest._terminating === true) this.#terminate(manifest, recording);
  }

  list(kind: 'Pod' | 'Service' | 'EndpointSlice'): readonly KubernetesObject[] {
    return this.#emulator.list(kind);
  }

  /** What iptables-save prints on a node. */
  iptables(node: RecordedNode): string {
    const { service } = this.#emulator.dataplane;
    const ruleset = kubeProxyRuleset(service, factsOf(node), defaultKubeProxyConfig(CLUSTER_CIDR));
    return iptablesSave(ruleset, ['nat', 'filter', 'mangle']);
  }

  /** What `nft list ruleset` prints on a node where kube-proxy runs in nftables mode. */
  nftables(node: RecordedNode): string {
    const { service } = this.#emulator.dataplane;
    const facts = factsOf(node);
    const families = [4, 6] as const;
    const configs = families.map((family) => defaultNftablesConfig(CLUSTER_CIDR, SERVICE_CIDRS, family));
    return nftList(configs.map((config) => kubeProxyNftTable(service, facts, config)));
  }

  /** One object after the other, with time for controllers between them, the status patched in after the object is there. */
  #apply({ _terminating, status, ...manifest }: Manifest): void {
    const { kind, metadata } = manifest;
    if (!isKind(kind)) throw new Error(`the recording applies a ${kind}, a kind that the emulator does not know`);
    const object = mustBeTaken(`${kind} ${metadata.name}`, this.#emulator.apply([manifest])[0]);
    if (status !== undefined) {
      const patched = this.#emulator.patch(kind, keyOf(object), { status }, { status: true });
      mustBeTaken(`status of ${kind} ${metadata.name}`, patched);
    }
    this.#emulator.settle();
  }

  /**
   * Deletes a pod as far as that was done when the cluster was observed: not every pod that was to be deleted had been by
   * then, and the grace period is the one observed.
   */
  #terminate({ metadata }: Manifest, { observed }: Recording): void {
    const namespace = metadata.namespace ?? 'default';
    const isIt = ({ metadata: other }: ObservedObject) => other.name === metadata.name && other.namespace === namespace;
    const gracePeriodSeconds = observed.Pod.find(isIt)?.metadata['deletionGracePeriodSeconds'];
    if (typeof gracePeriodSeconds !== 'number') return;
    const key = `${namespace}/${metadata.name}`;
    mustBeTaken(`deletion of Pod ${key}`, this.#emulator.remove('Pod', key, { gracePeriodSeconds }));
    this.#emulator.settle();
  }
}
