/**
 * The shortest way to the most frequent answer: the addresses of a Service with ClusterIPs, asked for by its plain name. The
 * general way (records.ts) says the same; test/properties holds the two together. What is not plain is left to it.
 */
import type { DnsMessage, DnsRecord } from '../../../../src/model/index.ts';
import { replyTo } from '../../message.ts';
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { inZone, isReverse } from '../../zones.ts';
import type { KubernetesOptions } from './options.ts';

export type Direct = (request: DnsRequest, context: DnsContext) => DnsMessage | undefined;

const NEVER: Direct = () => undefined;

/** Options that hide Services, and zones within zones, are left to the general way. */
function isPlain({ zones, labels, namespaceLabels, ignoreEmptyService, multicluster }: KubernetesOptions): boolean {
  const nested = zones.some((zone) => zones.some((other) => other !== zone && inZone(zone, other)));
  return (
    !nested && labels === undefined && namespaceLabels === undefined && !ignoreEmptyService && multicluster.length === 0
  );
}

export function directAnswers(options: KubernetesOptions): Direct {
  if (!isPlain(options)) return NEVER;
  const { namespaces, ttl } = options;
  const suffixes = options.zones.filter((zone) => !isReverse(`.${zone}`)).map((zone) => `.svc.${zone}`);
  return (request, { facts }) => {
    const { name, lowerName, type } = request;
    if (type !== 'A' && type !== 'AAAA') return undefined;
    for (const suffix of suffixes) {
      if (!lowerName.endsWith(suffix)) continue;
      const found = facts.dns.named(lowerName.slice(0, lowerName.length - suffix.length));
      if (found === undefined || (namespaces.size > 0 && !namespaces.has(found.namespace))) return undefined;
      if (!facts.dnsNamespace.has(found.namespace)) return undefined;
      const answers: DnsRecord[] = [];
      if (found.type === type) answers.push({ name, type, ttl, data: found.data });
      for (const host of found.others ?? []) if (host.type === type) answers.push({ name, type, ttl, data: host.data });
      return answers.length === 0 ? undefined : replyTo(request, 'NOERROR', { answers });
    }
    return undefined;
  };
}
