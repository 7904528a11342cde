/**
 * prometheus: counts queries and answers. Of CoreDNS's families the histograms are left out.
 *
 * Source: CoreDNS plugin/metrics (handler.go, vars/vars.go, vars/report.go, vars/monitor.go).
 */
import { wrongArguments } from '../../corefile/error.ts';
import { wantsDnssec, writtenReply } from '../../message.ts';
import type { MetricFamily, MetricSample } from '../../metrics.ts';
import type { Memory, Plugin } from '../../plugin.ts';
import { zoneOf } from '../../zones.ts';
import { onlyOne } from '../options.ts';

const MONITORED: ReadonlySet<string> = new Set(
  'AAAA A CNAME DNSKEY DS MX NSEC3 NSEC NS PTR RRSIG SOA SRV TXT HTTPS SVCB IXFR AXFR ANY'.split(' '),
);

/** A count under several labels, one map a label: queries are many, and a text for each would cost more than its answer. */
type Counts = Map<string, Counts | number>;

function count(counts: Counts, labels: readonly [...string[], string]): void {
  let at = counts;
  for (let i = 0; i < labels.length - 1; i++) {
    let next = at.get(labels[i]!) as Counts | undefined;
    if (next === undefined) at.set(labels[i]!, (next = new Map()));
    at = next;
  }
  const last = labels[labels.length - 1]!;
  at.set(last, ((at.get(last) as number | undefined) ?? 0) + 1);
}

function copyOf(counts: Counts): Counts {
  return new Map([...counts].map(([label, value]) => [label, typeof value === 'number' ? value : copyOf(value)]));
}

class PrometheusMemory implements Memory {
  readonly requests: Counts;
  readonly responses: Counts;
  readonly dnssecRequests: Counts;

  constructor(requests: Counts = new Map(), responses: Counts = new Map(), dnssecRequests: Counts = new Map()) {
    this.requests = requests;
    this.responses = responses;
    this.dnssecRequests = dnssecRequests;
  }

  copy(): PrometheusMemory {
    return new PrometheusMemory(copyOf(this.requests), copyOf(this.responses), copyOf(this.dnssecRequests));
  }
}

function samplesOf(
  counts: Counts,
  [name, ...names]: readonly string[],
  labels: MetricSample['labels'],
): readonly MetricSample[] {
  return [...counts].flatMap(([label, value]) => {
    const own = { ...labels, [name!]: label };
    return typeof value === 'number' ? [{ labels: own, value }] : samplesOf(value, names, own);
  });
}

function familiesOf(memory: PrometheusMemory, server: string): readonly MetricFamily[] {
  const labels = { server, view: '' };
  return [
    {
      name: 'coredns_dns_requests_total',
      help: 'Counter of DNS requests made per zone, protocol and family.',
      type: 'counter',
      samples: samplesOf(memory.requests, ['zone', 'proto', 'family', 'type'], labels),
    },
    {
      name: 'coredns_dns_responses_total',
      help: 'Counter of response status codes.',
      type: 'counter',
      samples: samplesOf(memory.responses, ['zone', 'rcode', 'plugin'], labels),
    },
    {
      name: 'coredns_dns_do_requests_total',
      help: 'Counter of DNS requests with DO bit set per zone.',
      type: 'counter',
      samples: samplesOf(memory.dnssecRequests, ['zone'], labels),
    },
    {
      name: 'coredns_panics_total',
      help: 'A metrics that counts the number of panics.',
      type: 'counter',
      samples: [{ labels: {}, value: 0 }],
    },
  ];
}

export const prometheus: Plugin = {
  name: 'prometheus',
  setup(directives, { zones }) {
    const { arguments: found } = onlyOne(directives);
    if (found.length > 1) throw wrongArguments(found[1]!);
    return {
      remember: () => new PrometheusMemory(),
      metrics: (memory, server) => familiesOf(memory as PrometheusMemory, server),
      handler: (next, memory) => (request, context) => {
        const reply = next(request, context);
        const { requests, responses, dnssecRequests } = memory() as PrometheusMemory;
        const { client, connection, asked = '' } = context;
        const zone = zoneOf(request.lowerName, zones) ?? '.';
        const family = typeof client === 'number' ? '1' : '2';
        const type = MONITORED.has(request.type) ? request.type : 'other';
        count(requests, [zone, connection?.protocol ?? 'udp', family, type]);
        count(responses, [zone, writtenReply(request, reply).rcode, asked]);
        if (wantsDnssec(request)) count(dnssecRequests, [zone]);
        return reply;
      },
    };
  },
};
