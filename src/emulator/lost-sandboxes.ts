/** What is left of a sandbox that dies, and of all of a machine that starts anew. */
import { type Dataplane, holderOf, type Program } from '../dataplane/index.ts';
import { type Key, keyOf, type Pod } from '../model/index.ts';
import type { Fault } from './contract.ts';

type Loss = Extract<Fault, { fault: 'sandbox-lost' | 'reboot' }>;

export function lostSandboxes(loss: Loss, dataplane: Dataplane): readonly Program[] {
  return loss.fault === 'reboot' ? afterReboot(loss.node, dataplane) : lostSandbox(loss, dataplane);
}

/** The sandbox is gone; the DEL that gives its address back is skipped, or comes after the ADD of the next one. */
function lostSandbox({ pod, del }: Extract<Loss, { fault: 'sandbox-lost' }>, dataplane: Dataplane): readonly Program[] {
  const network = dataplane.pod.get(pod);
  if (network === undefined) return [];
  const gone: Program = { piece: 'pod', key: pod, value: undefined };
  if (del === 'skipped') return [gone];
  return [{ piece: 'lateDelete', key: pod, value: holderOf(network, dataplane) }, gone];
}

/** All sandboxes are gone, and what CNS kept in memory; what Azure has given the machine stays. */
function afterReboot(node: string, { cnsPool, networkInterface, node: nodes, pod }: Dataplane): readonly Program[] {
  const pods = Array.from(pod.on(node), ([, key]) => key).sort();
  const isFromDnc = cnsPool.has(node) && networkInterface.has(node) && nodes.has(node);
  return [
    ...pods.map((key): Program => ({ piece: 'pod', key, value: undefined })),
    ...(isFromDnc ? [{ piece: 'cnsPool', key: node, value: undefined } as const] : []),
  ];
}

/** Who looks after it: the kubelet after each pod concerned, and after a reboot the node's CNS. */
export function wokenBy(
  loss: Loss,
  pods: readonly Pod[],
): readonly { readonly program: 'kubelet' | 'azure-cns'; readonly key: Key }[] {
  const isConcerned = (pod: Pod) =>
    loss.fault === 'reboot' ? pod.spec.nodeName === loss.node : keyOf(pod) === loss.pod;
  const woken = pods.filter(isConcerned).map((pod) => ({ program: 'kubelet' as const, key: keyOf(pod) }));
  return loss.fault === 'reboot' ? [{ program: 'azure-cns', key: loss.node }, ...woken] : woken;
}
