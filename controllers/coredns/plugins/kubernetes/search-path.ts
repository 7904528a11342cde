/** The search path of a client's pod, for autopath. Source: CoreDNS plugin/kubernetes/autopath.go. */
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { zoneOf } from '../../zones.ts';
import { clientPod } from './client-pod.ts';
import type { KubernetesOptions } from './options.ts';

/** What the node adds to a pod's search path is left out: the name servers' own pods have none. */
export function searchPathOf(
  request: DnsRequest,
  options: KubernetesOptions,
  context: DnsContext,
): readonly string[] | undefined {
  const zone = zoneOf(request.lowerName, options.zones);
  const pod = zone === undefined ? undefined : clientPod(options, context);
  if (pod === undefined) return undefined;
  const below = zone === '.' ? '' : zone!;
  return [`${pod.namespace}.svc.${below}`, `svc.${below}`, zone!, ''];
}
