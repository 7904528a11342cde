/** What forward counts. Source: CoreDNS plugin/forward/metrics.go, plugin/pkg/proxy/metrics.go. */
import type { MetricFamily, MetricSample } from '../../metrics.ts';
import type { UpstreamServer, UpstreamServers } from './upstreams.ts';

/** Counters without labels are there from the start, at 0. */
export function forwardMetrics(forwards: readonly UpstreamServers[]): readonly MetricFamily[] {
  const sum = (of: (servers: UpstreamServers) => number) => forwards.reduce((total, servers) => total + of(servers), 0);
  const servers = forwards.flatMap((forward) => forward.servers);
  const each = (of: (server: UpstreamServer, labels: MetricSample['labels']) => readonly MetricSample[]) =>
    servers.flatMap((server) => of(server, { proxy_name: 'forward', to: server.target.address }));
  const byProtocol = (counts: ReadonlyMap<string, number>, labels: MetricSample['labels']) =>
    Array.from(counts, ([proto, value]) => ({ labels: { ...labels, proto }, value }));
  return [
    {
      name: 'coredns_forward_healthcheck_broken_total',
      help: 'Counter of the number of complete failures of the healthchecks.',
      type: 'counter',
      samples: [{ labels: {}, value: sum(({ counts }) => counts.allDown) }],
    },
    {
      name: 'coredns_forward_max_concurrent_rejects_total',
      help: 'Counter of the number of queries rejected because the concurrent queries were at maximum.',
      type: 'counter',
      samples: [{ labels: {}, value: sum(({ counts }) => counts.tooMany) }],
    },
    {
      name: 'coredns_proxy_healthcheck_failures_total',
      help: 'Counter of the number of failed healthchecks.',
      type: 'counter',
      samples: each(({ failedChecks: value }, labels) => (value === 0 ? [] : [{ labels, value }])),
    },
    {
      name: 'coredns_proxy_request_duration_seconds',
      help: 'Histogram of the time each request took.',
      type: 'histogram',
      samples: each(({ connections: { durations } }, labels) =>
        Array.from(durations, ([rcode, taken]) => taken.sample({ ...labels, rcode })),
      ),
    },
    {
      name: 'coredns_proxy_conn_cache_hits_total',
      help: 'Counter of connection cache hits per upstream and protocol.',
      type: 'counter',
      samples: each(({ connections: { hits } }, labels) => byProtocol(hits, labels)),
    },
    {
      name: 'coredns_proxy_conn_cache_misses_total',
      help: 'Counter of connection cache misses per upstream and protocol.',
      type: 'counter',
      samples: each(({ connections: { misses } }, labels) => byProtocol(misses, labels)),
    },
  ];
}
