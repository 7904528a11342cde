/** The zone's own records and its name servers, which have no Service. Source: CoreDNS plugin/k8s_external/apex.go. */
import type { DnsMessage, DnsRecord } from '../../../../src/model/index.ts';
import { replyTo } from '../../message.ts';
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import type { ExternalNames } from '../kubernetes/external.ts';
import type { ExternalOptions } from './options.ts';

/** A query as the plugin sees it; `zone` in lower case. */
export interface ExternalQuery {
  readonly request: DnsRequest;
  readonly context: DnsContext;
  readonly zone: string;
  readonly options: ExternalOptions;
  readonly names: ExternalNames;
}

function below(label: string, zone: string): string {
  return zone === '.' ? `${label}.` : `${label}.${zone}`;
}

export function soaOf({ zone, context, options, names }: ExternalQuery): DnsRecord {
  const { apex, ttl } = options;
  const servers = `${below(`ns1.${apex}`, zone)} ${below(`hostmaster.${apex}`, zone)}`;
  const data = `${servers} ${names.serial(context)} 7200 1800 86400 ${ttl}`;
  return { name: zone, type: 'SOA', ttl, data };
}

function serverAddresses({ zone, context, options, names }: ExternalQuery, owner: string): readonly DnsRecord[] {
  return names
    .nameServers(zone, options.headless, context)
    .map(({ host }) => ({ name: owner, type: host.type, ttl: options.ttl, data: host.data }));
}

export function denied(query: ExternalQuery, rcode: 'NOERROR' | 'NXDOMAIN'): DnsMessage {
  return replyTo(query.request, rcode, { authorities: [soaOf(query)] });
}

/** At the zone's own name. */
export function apexReply(query: ExternalQuery): DnsMessage {
  const { request, zone, options } = query;
  if (request.type === 'SOA') return replyTo(request, 'NOERROR', { answers: [soaOf(query)] });
  if (request.type !== 'NS') return denied(query, 'NOERROR');
  const data = below(`ns1.${options.apex}`, zone);
  return replyTo(request, 'NOERROR', {
    answers: [{ name: zone, type: 'NS', ttl: options.ttl, data }],
    additionals: serverAddresses(query, below(`ns1.${options.apex}`, request.name)),
  });
}

/** At `dns.<zone>` and below, where there is only `ns1`. */
export function subApexReply(query: ExternalQuery): DnsMessage {
  const { request, zone, options } = query;
  if (request.lowerName === below(options.apex, zone)) return denied(query, 'NOERROR');
  if (request.lowerName !== below(`ns1.${options.apex}`, zone)) return denied(query, 'NXDOMAIN');
  const addresses = request.type === 'A' || request.type === 'AAAA' ? serverAddresses(query, request.name) : [];
  const answers = addresses.filter(({ type }) => type === request.type);
  return answers.length === 0 ? denied(query, 'NOERROR') : replyTo(request, 'NOERROR', { answers });
}
