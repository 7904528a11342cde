/** Records of each type from what was found. Source: CoreDNS plugin/k8s_external/msg_to_dns.go. */
import type { DnsRecord } from '../../../../src/model/index.ts';
import type { Sections } from '../../message.ts';
import type { Hit } from '../kubernetes/find.ts';
import type { ExternalQuery } from './apex.ts';

/** Addresses once each; a load balancer's host name is an alias, and what it leads to is looked up through the server. */
export function addressSections({ request, options, names }: ExternalQuery, hits: readonly Hit[]): Sections {
  const { name, type } = request;
  const answers: DnsRecord[] = [];
  const seen = new Set<string>();
  let truncated = false;
  for (const { host } of hits) {
    if (host.type === 'CNAME') {
      const found = request.lookup(host.data, type);
      answers.push({ name, type: 'CNAME', ttl: names.ttl, data: host.data }, ...(found?.answers ?? []));
      truncated ||= found?.truncated ?? false;
    } else if (host.type === type && !seen.has(host.data)) {
      seen.add(host.data);
      answers.push({ name, type, ttl: options.ttl, data: host.data });
    }
  }
  return { answers, truncated };
}

/** SRV for each port of each target once, with every target's addresses beside it. */
export function serviceSections({ request, zone, options, names }: ExternalQuery, hits: readonly Hit[]): Sections {
  const weight = Math.max(1, Math.floor((100 / (hits.length * 100)) * 100));
  const answers = new Map<string, DnsRecord>();
  const additionals: DnsRecord[] = [];
  const seen = new Set<string>();
  for (const { host, port, owner } of hits) {
    if (port === -1) continue;
    const target = host.type === 'CNAME' ? host.data : `${owner}.${zone}`;
    const data = `0 ${weight} ${port} ${target}`;
    if (!answers.has(data)) answers.set(data, { name: request.name, type: 'SRV', ttl: names.ttl, data });
    if (seen.has(`${target} ${host.text}`)) continue;
    seen.add(`${target} ${host.text}`);
    if (host.type !== 'CNAME') additionals.push({ name: target, type: host.type, ttl: options.ttl, data: host.data });
    else for (const type of ['A', 'AAAA']) additionals.push(...(request.lookup(target, type)?.answers ?? []));
  }
  return { answers: [...answers.values()], additionals };
}

/** Names at an address lie in the first of the plugin's zones. */
export function pointerSections({ request, options }: ExternalQuery, names: readonly string[]): Sections {
  const targets = [...new Set(names)].map((name) => `${name}.${options.zones[0]}`);
  return { answers: targets.map((data) => ({ name: request.name, type: 'PTR', ttl: options.ttl, data })) };
}
