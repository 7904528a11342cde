/** The pod that a query comes from: known only with `pods verified`. Source: CoreDNS plugin/kubernetes/autopath.go, `podWithIP`. */
import type { DnsPod } from '../../../../src/dataplane/index.ts';
import { formatAddress } from '../../../../src/model/index.ts';
import type { DnsContext } from '../../plugin.ts';
import type { KubernetesOptions } from './options.ts';

export function clientPod({ pods }: KubernetesOptions, { client, facts }: DnsContext): DnsPod | undefined {
  return pods === 'verified' ? facts.dnsPod.at(formatAddress(client))[0] : undefined;
}
