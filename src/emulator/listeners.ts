/**
 * Who answers on a host's port, and what. Containers listen on the ports that they declare; a pod that declares none
 * listens on none. CoreDNS's listen where its Corefile says. Outside of the cluster everybody answers.
 */
import { type Address, type Key, keyOf, type Pod, PROTOCOL_NUMBERS, type ProtocolNumber } from '../model/index.ts';
import type { View } from '../reconcile/index.ts';

export interface Listener {
  /** `pod/default/my-api-1`, `external/10.10.12.250` */
  readonly name: string;
  /** undefined outside of the cluster */
  readonly pod?: Pod;
  /** what is answered over HTTP, by path; 200 where it is not given */
  readonly httpStatus?: (path: string) => number | undefined;
}

/** Whether the process in a pod listens, where one is run; undefined where its containers' ports say so. */
export type Listens = (pod: Pod, address: Address, port: number, protocol: ProtocolNumber) => boolean | undefined;

/** `kubelet` is the kubelets' view: a pod listens when its kubelet has started it, whatever others have heard. */
export function listenerOn(
  host: string,
  address: Address,
  port: number,
  protocol: ProtocolNumber,
  { kubelet, runs }: { readonly kubelet: View; readonly runs: Listens },
): Listener | undefined {
  const isListening = (pod: Pod) => runs(pod, address, port, protocol) ?? listens(pod, port, protocol);
  if (host.startsWith('external/') || host.startsWith('vm/')) return { name: host };
  if (host.startsWith('pod/')) {
    const pod = kubelet.get('Pod', host.slice('pod/'.length));
    return pod !== undefined && isListening(pod) ? { name: host, pod } : undefined;
  }
  const node = host.slice('node/'.length);
  for (const pod of podsOnHostNetwork(node, kubelet)) {
    if (isListening(pod)) return { name: `pod/${keyOf(pod)}`, pod };
  }
  return kubeletListens(port, protocol) && typeof address === 'number' ? { name: host } : undefined;
}

/** The kubelet itself answers on every node (10250), and kube-proxy's health check (10256). */
function kubeletListens(port: number, protocol: ProtocolNumber): boolean {
  return protocol === PROTOCOL_NUMBERS.TCP && (port === 10250 || port === 10256);
}

function podsOnHostNetwork(node: string, kubelet: View): readonly Pod[] {
  const pods = [...kubelet.byIndex('Pod', 'nodeName', node)].filter(({ spec }) => spec.hostNetwork === true);
  return pods.sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
}

function compareKeys(a: Key, b: Key): number {
  return a < b ? -1 : 1;
}

function listens({ spec, status }: Pod, port: number, protocol: ProtocolNumber): boolean {
  if (status.phase !== 'Running') return false;
  return spec.containers.some(({ ports = [] }) =>
    ports.some((declared) => declared.containerPort === port && PROTOCOL_NUMBERS[declared.protocol] === protocol),
  );
}
