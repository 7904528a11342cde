/** From `10.1.244.10.in-addr.arpa.` to the Service or endpoint at that address. Source: CoreDNS plugin/kubernetes/reverse.go. */
import { formatAddress, parseAddress } from '../../../../src/model/index.ts';
import type { DnsFacts } from '../../plugin.ts';
import { endpointLabel, namespaceExposed, slicesOf } from './find.ts';
import type { KubernetesOptions } from './options.ts';

/** The address that a reverse name spells; undefined where it spells none. */
export function addressOfReverseName(name: string): string | undefined {
  const ipv4 = name.endsWith('.in-addr.arpa.');
  if (!ipv4 && !name.endsWith('.ip6.arpa.')) return undefined;
  const labels = name
    .slice(0, ipv4 ? -'.in-addr.arpa.'.length : -'.ip6.arpa.'.length)
    .split('.')
    .reverse();
  const text = ipv4 ? labels.join('.') : (labels.join('').match(/.{1,4}/g) ?? []).join(':');
  const address = parseAddress(text);
  if (address === undefined || (typeof address === 'number') !== ipv4) return undefined;
  return formatAddress(address);
}

/** Names at an address, without a final dot: the first Service with that clusterIP, else every endpoint there. */
export function namesAt(address: string, options: KubernetesOptions, facts: DnsFacts): readonly string[] {
  const hidden = (namespace: string) => options.namespaces.size > 0 && !namespaceExposed(namespace, options, facts);
  for (const { name, namespace } of facts.dns.withClusterIP(address)) {
    if (!hidden(namespace)) return [`${name}.${namespace}.svc.${options.primaryZone}`];
  }
  const names = new Set<string>();
  for (const service of facts.dns.withEndpoint(address)) {
    if (hidden(service.namespace)) continue;
    for (const { endpoints } of slicesOf(service, options)) {
      for (const endpoint of endpoints) {
        if (endpoint.host.text !== address) continue;
        const label = endpointLabel(endpoint, options);
        names.add(`${label}.${service.name}.${service.namespace}.svc.${options.primaryZone}`);
      }
    }
  }
  return [...names];
}
