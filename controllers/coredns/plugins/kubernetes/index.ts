/** kubernetes: answers for Services, endpoints and pods. Source: CoreDNS plugin/kubernetes/handler.go. */
import type { Rcode } from '../../../../src/model/index.ts';
import { replyTo } from '../../message.ts';
import type { DnsReply, Plugin } from '../../plugin.ts';
import { inZone, zoneOf } from '../../zones.ts';
import { soaOf } from './apex.ts';
import { directAnswers } from './direct.ts';
import { externalNames } from './external.ts';
import { labelsOf } from './labels.ts';
import { readKubernetesOptions } from './options.ts';
import {
  addressRecords,
  aliasRecords,
  pointerRecords,
  type Query,
  type Records,
  serverRecords,
  serviceRecords,
  textRecords,
} from './records.ts';
import { searchPathOf } from './search-path.ts';
import { zoneRecords } from './transfer.ts';

/** A type that is never answered: whether the name exists is told by asking for its addresses. */
function nothingAt(query: Query): Records | undefined {
  return addressRecords(query, query.request.name, 'A') === undefined ? undefined : { answers: [] };
}

function recordsOf(query: Query): Records | undefined {
  const { request, zone } = query;
  switch (request.type) {
    case 'A':
      return addressRecords(query, request.name, 'A');
    case 'AAAA':
      return addressRecords(query, request.name, 'AAAA');
    case 'SRV':
      return serviceRecords(query);
    case 'TXT':
      return textRecords(query);
    case 'CNAME':
      return aliasRecords(query);
    case 'PTR':
      return pointerRecords(query);
    case 'SOA':
      // Below the apex this is "no data", even for names that do not exist.
      return { answers: request.name === zone ? [soaOf(zone, query.options, query.context)] : [] };
    case 'NS':
      return request.lowerName === zone ? serverRecords(query) : nothingAt(query);
    default:
      return nothingAt(query);
  }
}

function withoutRecords(query: Query, rcode: Rcode): DnsReply {
  return replyTo(query.request, rcode, { authorities: [soaOf(query.zone, query.options, query.context)] });
}

export const kubernetes: Plugin = {
  name: 'kubernetes',
  setup(directives, setup) {
    const options = readKubernetesOptions(directives, setup);
    const direct = directAnswers(options);
    const passes = (name: string) => options.fallthrough?.some((zone) => inZone(name, zone)) ?? false;
    return {
      startupWaitMs: options.startupTimeoutMs,
      isReady: (synced) => synced,
      offers: {
        searchPath: (request, context) => searchPathOf(request, options, context),
        labels: (request, context) => labelsOf(request, options, context),
        external: externalNames(options),
        transfer: (zone, serial, context) => zoneRecords(zone, serial, options, context),
      },
      handler: (next) => (request, context) => {
        const answered = direct(request, context);
        if (answered !== undefined) return answered;
        const { name, lowerName } = request;
        const matched = zoneOf(lowerName, options.zones);
        if (matched === undefined) return next(request, context);
        const query = { request, context, options, zone: name.slice(name.length - matched.length) };
        if (request.type === 'AXFR' || request.type === 'IXFR') return 'REFUSED';
        const records = recordsOf(query);
        if (records === undefined) {
          if (passes(lowerName)) return next(request, context);
          return withoutRecords(query, context.synced ? 'NXDOMAIN' : 'SERVFAIL');
        }
        if (records.answers.length === 0) return withoutRecords(query, 'NOERROR');
        return replyTo(request, 'NOERROR', records);
      },
    };
  },
};
