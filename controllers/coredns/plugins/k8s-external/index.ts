/**
 * k8s_external: `service.namespace.<zone>` at the addresses that Services have outside of the cluster.
 *
 * Source: CoreDNS plugin/k8s_external.
 */
import { CorefileError } from '../../corefile/error.ts';
import { replyTo, type Sections } from '../../message.ts';
import type { DnsContext, DnsReply, DnsRequest, Plugin } from '../../plugin.ts';
import { inZone, zoneOf } from '../../zones.ts';
import type { ExternalAnswer } from '../kubernetes/external.ts';
import { apexReply, denied, type ExternalQuery, subApexReply } from './apex.ts';
import { type ExternalOptions, readExternalOptions } from './options.ts';
import { addressSections, pointerSections, serviceSections } from './records.ts';

function sectionsOf(query: ExternalQuery, { hits }: ExternalAnswer): Sections {
  const { type } = query.request;
  if (type === 'A' || type === 'AAAA') return addressSections(query, hits);
  return type === 'SRV' ? serviceSections(query, hits) : {};
}

/** The reply; or, where the name does not exist, that it does not. */
function answered(query: ExternalQuery): DnsReply | 'missing' {
  const { request, context, zone, options, names } = query;
  if (request.type === 'PTR') {
    const found = names.namesAt(request, context);
    if (found !== undefined && found.length === 0) return 'missing';
    if (found !== undefined) return replyTo(request, 'NOERROR', pointerSections(query, found));
  }
  const found = names.find(request, zone, options.headless, context);
  if (found.rcode === 'NXDOMAIN') return 'missing';
  const sections = sectionsOf(query, found);
  return (sections.answers ?? []).length === 0 ? denied(query, 'NOERROR') : replyTo(request, 'NOERROR', sections);
}

function isSubApex(request: DnsRequest, { apex, zones }: ExternalOptions): boolean {
  return zones.some((zone) => inZone(request.lowerName, zone === '.' ? `${apex}.` : `${apex}.${zone}`));
}

export const k8sExternal: Plugin = {
  name: 'k8s_external',
  setup(directives, setup) {
    const options = readExternalOptions(directives, setup);
    if (!setup.plugins.has('kubernetes')) {
      throw new CorefileError(directives[0]!.name, 'plugin/k8s_external: kubernetes plugin not loaded');
    }
    const passes = (name: string) => options.fallthrough?.some((zone) => inZone(name, zone)) ?? false;
    return {
      handler: (next, _, peers) => {
        const names = peers.get('kubernetes')!.external!;
        return (request: DnsRequest, context: DnsContext) => {
          const zone = zoneOf(request.lowerName, options.zones);
          if (zone === undefined) return next(request, context);
          const query = { request, context, zone, options, names };
          if (request.lowerName === zone) return apexReply(query);
          if (isSubApex(request, options)) return subApexReply(query);
          const reply = answered(query);
          if (reply !== 'missing') return reply;
          return passes(request.lowerName) ? next(request, context) : denied(query, 'NXDOMAIN');
        };
      },
    };
  },
};
