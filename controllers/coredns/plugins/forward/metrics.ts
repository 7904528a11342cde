/** What forward counts. Source: CoreDNS plugin/forward/metrics.go, plugin/pkg/proxy/metrics.go. */
import type { MetricFamily } from '../../metrics.ts';
import type { UpstreamServers } from './upstreams.ts';

/** Counters without labels are there from the start, at 0. */
export function forwardMetrics(forwards: readonly UpstreamServers[]): readonly MetricFamily[] {
  const sum = (of: (servers: UpstreamServers) => number) => forwards.reduce((total, servers) => total + of(servers), 0);
  const failing = forwards.flatMap(({ servers }) => servers).filter(({ failedChecks }) => failedChecks > 0);
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
      samples: failing.map(({ target, failedChecks }) => ({
        labels: { proxy_name: 'forward', to: target.address },
        value: failedChecks,
      })),
    },
  ];
}
