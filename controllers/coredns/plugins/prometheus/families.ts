/**
 * The families of what plugin prometheus counts. Left out is what there is nothing of here: Go's runtime and the process,
 * replies over HTTPS and QUIC, and what plugin kubernetes tells of its client and of its informers' delay
 * (`coredns_kubernetes_*`), which are not each process's own.
 *
 * Source: CoreDNS plugin/metrics/vars/vars.go, plugin/metrics/metrics.go, plugin/local/metrics.go.
 */
import type { MetricFamily, MetricSample } from '../../metrics.ts';
import type { Counts, PrometheusMemory, ZoneReport } from './report.ts';

type Labels = MetricSample['labels'];

function samplesOf({ counted }: Counts, names: readonly string[], labels: Labels): readonly MetricSample[] {
  return counted.map(({ labels: values, count }) => {
    const own = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    return { labels: { ...labels, ...own }, value: count };
  });
}

function family(name: string, type: MetricFamily['type'], help: string, samples: MetricFamily['samples']) {
  return { name: `coredns_${name}`, type, help, samples };
}

export function prometheusFamilies({ servers }: PrometheusMemory): readonly MetricFamily[] {
  const each = (of: (report: ZoneReport, labels: Labels) => readonly MetricSample[]) =>
    [...servers].flatMap(([server, zones]) =>
      [...zones].flatMap(([zone, report]) => of(report, { server, view: '', zone })),
    );
  const sizes = (which: 'requests' | 'responses') =>
    each((report, labels) => [...report.sizes].map(([proto, size]) => size[which].sample({ ...labels, proto })));
  return [
    family(
      'dns_requests_total',
      'counter',
      'Counter of DNS requests made per zone, protocol and family.',
      each(({ requests }, labels) => samplesOf(requests, ['proto', 'family', 'type'], labels)),
    ),
    family(
      'dns_request_duration_seconds',
      'histogram',
      'Histogram of the time (in seconds) each request took per zone.',
      each(({ duration }, labels) => [duration.sample(labels)]),
    ),
    family(
      'dns_request_size_bytes',
      'histogram',
      'Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.',
      sizes('requests'),
    ),
    family(
      'dns_do_requests_total',
      'counter',
      'Counter of DNS requests with DO bit set per zone.',
      each((report, labels) => (report.dnssecRequests === 0 ? [] : [{ labels, value: report.dnssecRequests }])),
    ),
    family('dns_response_size_bytes', 'histogram', 'Size of the returned response in bytes.', sizes('responses')),
    family(
      'dns_responses_total',
      'counter',
      'Counter of response status codes.',
      each(({ responses }, labels) => samplesOf(responses, ['rcode', 'plugin'], labels)),
    ),
  ];
}

const NONE: MetricFamily['samples'] = [{ labels: {}, value: 0 }];

/** Of the process, and of a plugin that it is built with and that no Corefile can name here. */
export const PLAIN: readonly MetricFamily[] = [
  family('panics_total', 'counter', 'A metrics that counts the number of panics.', NONE),
  family('local_localhost_requests_total', 'counter', 'Counter of special localhost subdomain requests.', NONE),
];

/** The CoreDNS that this one is held to. */
const VERSION = '1.14.7';

/** Of which commit and by which Go it was built is nobody's to say: these labels are empty. */
export const BUILD: MetricFamily = family(
  'build_info',
  'gauge',
  "A metric with a constant '1' value labeled by version, revision, and goversion from which CoreDNS was built.",
  [{ labels: { version: VERSION, revision: '', goversion: '' }, value: 1 }],
);

export function enabledFamily(plugins: readonly string[], zone: string, servers: readonly string[]): MetricFamily {
  return family(
    'plugin_enabled',
    'gauge',
    'A metric that indicates whether a plugin is enabled on per server and zone basis.',
    servers.flatMap((server) => plugins.map((name) => ({ labels: { server, zone, view: '', name }, value: 1 }))),
  );
}
