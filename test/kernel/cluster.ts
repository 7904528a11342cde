/** Brings a drawn cluster up in the emulator. */
import { Emulator } from '../../src/emulator/index.ts';
import type { ClusterSettings, KubeProxyMode } from '../../src/model/index.ts';
import { aCluster, aPod, aService } from '../support/cluster.ts';
import type { Case, DrawnPod, DrawnService } from './case.ts';

export const FIRST_APP_PORT = 8080;
export const CLOSED_PORT = 9999;
export const SERVICE_PORT = 80;
/** documentation ranges (RFC 5737): who sits there is outside of the cluster */
export const OUTSIDE_RANGES = ['203.0.113.0/24', '198.51.100.0/24', '192.0.2.0/24'] as const;
export const OUTSIDE_CLIENTS = ['203.0.113.7', '198.51.100.9'] as const;
const VIRTUAL_IPS = '192.0.2';
const EXTERNAL_IPS = '192.0.2';

const ALLOWED: Readonly<Record<DrawnService['sourceRanges'], readonly string[]>> = {
  none: [],
  outside: ['203.0.113.0/25'],
  nodes: ['10.10.12.0/24'],
  pods: ['10.244.0.0/24', '198.51.100.9/32'],
};
/** Longer than a case takes in virtual time: who terminates is there to the end. */
const GRACE_SECONDS = 3600;
/** kube-proxy's and the endpoint slice controller's own delays */
const NOTICED_MS = 5000;

export const portOf = (app: number): number => FIRST_APP_PORT + app;
export const serviceName = (index: number): string => `service-${index}`;
export const virtualIP = (index: number): string => `${VIRTUAL_IPS}.${100 + index}`;
export const externalIP = (index: number): string => `${EXTERNAL_IPS}.${200 + index}`;

/** The pods that can stand side by side: a node has each port only once. */
export function podsOf(
  drawn: Pick<Case, 'pods' | 'nodes'>,
): readonly (DrawnPod & { readonly name: string; readonly nodeIndex: number })[] {
  const taken = new Set<string>();
  return drawn.pods.flatMap((pod, index) => {
    const nodeIndex = pod.node % drawn.nodes;
    const place = `${nodeIndex} ${pod.app}`;
    if (pod.hostNetwork && taken.has(place)) return [];
    if (pod.hostNetwork) taken.add(place);
    return [{ ...pod, name: `pod-${index}`, nodeIndex }];
  });
}

function podManifest(pod: ReturnType<typeof podsOf>[number], node: string): object {
  const containerPort = portOf(pod.app);
  const ports = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ containerPort, protocol }));
  const containers = [{ name: 'app', image: 'registry.example/app:1', ports }];
  const spec = {
    nodeName: node,
    hostNetwork: pod.hostNetwork,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    containers,
  };
  const annotations = {
    'orrery.dev/stop-after': `${GRACE_SECONDS}s`,
    ...(pod.state.endsWith('unready') ? { 'orrery.dev/ready': 'false' } : {}),
  };
  return aPod(pod.name, spec, { labels: { app: `app-${pod.app}` }, annotations });
}

export function serviceManifest(service: DrawnService, index: number): object {
  const targetPort = service.open ? portOf(service.app) : CLOSED_PORT;
  const ports = service.protocols.map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: SERVICE_PORT,
    targetPort,
  }));
  const outward = service.type !== 'ClusterIP';
  return aService(serviceName(index), {
    type: service.type,
    selector: { app: `app-${service.app}` },
    ports,
    internalTrafficPolicy: service.internalTrafficPolicy,
    ...(service.affinity ? { sessionAffinity: 'ClientIP' } : {}),
    ...(outward || service.externalIP ? { externalTrafficPolicy: service.externalTrafficPolicy } : {}),
    ...(service.externalIP ? { externalIPs: [externalIP(index)] } : {}),
    ...(service.type === 'LoadBalancer' && service.sourceRanges !== 'none'
      ? { loadBalancerSourceRanges: ALLOWED[service.sourceRanges] }
      : {}),
  });
}

function must(emulator: Emulator, manifests: readonly object[]): void {
  for (const outcome of emulator.apply(manifests)) {
    if (!outcome.ok) throw new Error(`a drawn manifest was refused: ${outcome.status.message}`);
  }
}

function giveAddress(emulator: Emulator, service: DrawnService, index: number): void {
  if (service.type !== 'LoadBalancer' || service.ingress === 'none') return;
  const ingress = [{ ip: virtualIP(index), ipMode: service.ingress }];
  const outcome = emulator.patch(
    'Service',
    `default/${serviceName(index)}`,
    { status: { loadBalancer: { ingress } } },
    {
      status: true,
    },
  );
  if (!outcome.ok) throw new Error(`a drawn status was refused: ${outcome.status.message}`);
}

function settingsOf(nodes: number, mode: KubeProxyMode): ClusterSettings {
  const settings = aCluster({ nodes, systemPods: false });
  const kubeProxyConfig = { enabled: true, mode };
  return { ...settings, networkProfile: { ...settings.networkProfile, kubeProxyConfig } };
}

/** The cluster at rest, its terminating pods still there. */
export function clusterOf(drawn: Omit<Case, 'packets'>, mode: KubeProxyMode): Emulator {
  const emulator = new Emulator(settingsOf(drawn.nodes, mode), { seed: 1 });
  emulator.boot();
  emulator.settle();
  const nodes = emulator.list('Node').map(({ metadata }) => metadata.name);
  const pods = podsOf(drawn);
  must(emulator, [
    ...pods.map((pod) => podManifest(pod, nodes[pod.nodeIndex]!)),
    ...drawn.services.map((service, index) => serviceManifest(service, index)),
  ]);
  for (const [index, service] of drawn.services.entries()) giveAddress(emulator, service, index);
  emulator.settle();
  for (const { name, state } of pods) if (state.startsWith('terminating')) emulator.remove('Pod', `default/${name}`);
  emulator.advance(NOTICED_MS);
  return emulator;
}
