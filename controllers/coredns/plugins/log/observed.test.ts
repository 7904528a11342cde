/** What a running server says of its queries: plugins log, errors and prometheus. */
import { expect, test } from 'vitest';
import {
  answer,
  begin,
  type DnsContext,
  type DnsServer,
  dueAt,
  formatMetrics,
  metricsOf,
  startServer,
  wake,
} from '../../index.ts';
import { asking, contextFor, outside } from '../../test-facts.ts';

function started(directives: string): DnsServer {
  const start = startServer(`.:53 {\n${directives}\n}\n`);
  if (!start.ok) throw start.error;
  return start.server;
}

function observed(server: DnsServer, changes: Partial<DnsContext> = {}): string[] {
  const lines: string[] = [];
  const connection = { protocol: 'udp', clientPort: 50_759, server: 0, serverPort: 53 } as const;
  const context = contextFor({ client: 0x0af4010a, connection, log: (line) => lines.push(line), ...changes });
  answer(server, asking('Example.org.'), context);
  return lines;
}

test('log writes the common format: who asked, what, in how many bytes, and what came of it', () => {
  const [line] = observed(started('log\nforward . 192.0.2.53'), { upstream: outside() });
  expect(line).toBe('[INFO] 10.244.1.10:50759 - 7 "A IN example.org. udp 29 false 512" NOERROR qr 56 0s');
});

test('log takes names, a format and classes', () => {
  const format =
    'log example.org "{remote} asks {name}; {/kubernetes/namespace}" {\nclass error\n}\nforward . 192.0.2.53';
  expect(observed(started(format))).toEqual(['[INFO] 10.244.1.10 asks example.org.; -']);
  expect(observed(started(format), { upstream: outside() })).toEqual([]);
});

test('errors tells what failed, and how long it took to', () => {
  const lines = observed(started('errors\nlog\nforward . 192.0.2.53'));
  expect(lines).toEqual([
    '[INFO] 10.244.1.10:50759 - 7 "A IN example.org. udp 29 false 512" SERVFAIL qr 29 4s',
    '[ERROR] plugin/errors: 2 example.org. A: read udp 10.244.0.12:32768->192.0.2.53:53: i/o timeout',
  ]);
});

test('errors that are alike are counted for a while and told once', () => {
  const server = started('errors {\nconsolidate 5m ".* i/o timeout$" warning\n}\nforward . 192.0.2.53');
  expect([...observed(server), ...observed(server, { at: 10_000 })]).toEqual([]);
  const lines: string[] = [];
  wake(server, contextFor({ at: dueAt(server)!, log: (line) => lines.push(line) }));
  wake(server, contextFor({ at: 304_000, log: (line) => lines.push(line) }));
  expect(lines).toEqual(["[WARNING] plugin/errors: 2 errors like '.* i/o timeout$' occurred in last 5m"]);
});

test('prometheus counts queries, answers and who gave them', () => {
  const server = started('prometheus\ncache\nforward . 192.0.2.53');
  observed(server, { upstream: outside() });
  observed(server, { upstream: outside() });
  const text = formatMetrics(metricsOf(server, 0));
  expect(text).toContain('# TYPE coredns_dns_requests_total counter\n');
  expect(text).toContain(
    'coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",view="",zone="."} 2\n',
  );
  for (const plugin of ['cache', 'forward']) expect(text).toContain(`{plugin="${plugin}",rcode="NOERROR",`);
  expect(text).toContain('coredns_cache_hits_total{server="dns://:53",type="success",view="",zones="."} 1\n');
});

function metrics(server: DnsServer, at = 0): string {
  return formatMetrics(metricsOf(server, at));
}

test('prometheus sorts queries by how long they took and by their sizes, in virtual time', () => {
  const server = started('prometheus\nforward . 192.0.2.53');
  const upstream: DnsContext['upstream'] = (...asked) => ({ ...outside()(...asked), afterMs: 3 }) as never;
  observed(server, { upstream });
  observed(server, { upstream, at: 1000 });
  const text = metrics(server);
  const labels = 'server="dns://:53",view="",zone="."';
  expect(text).toContain('# TYPE coredns_dns_request_duration_seconds histogram\n');
  for (const [bound, count] of [
    ['0.002', 0],
    ['0.004', 2],
    ['8.192', 2],
    ['+Inf', 2],
  ]) {
    expect(text).toContain(`coredns_dns_request_duration_seconds_bucket{${labels},le="${bound}"} ${count}\n`);
  }
  expect(text).toContain(`coredns_dns_request_duration_seconds_sum{${labels}} 0.006\n`);
  expect(text).toContain(`coredns_dns_request_duration_seconds_count{${labels}} 2\n`);
  expect(text).toContain(`coredns_dns_request_size_bytes_sum{proto="udp",${labels}} 58\n`);
  expect(text).toContain(`coredns_dns_response_size_bytes_sum{proto="udp",${labels}} 112\n`);
  expect(text).toContain(
    'coredns_proxy_request_duration_seconds_bucket{proxy_name="forward",rcode="NOERROR",to="192.0.2.53:53",le="0.004"} 2\n',
  );
});

test('forward keeps a connection for ten seconds, and counts who had to open one', () => {
  const server = started('forward . 192.0.2.53');
  for (const at of [0, 5000, 15_000, 25_001]) observed(server, { upstream: outside(), at });
  const text = metrics(server);
  expect(text).toContain(
    'coredns_proxy_conn_cache_hits_total{proto="udp",proxy_name="forward",to="192.0.2.53:53"} 2\n',
  );
  expect(text).toContain(
    'coredns_proxy_conn_cache_misses_total{proto="udp",proxy_name="forward",to="192.0.2.53:53"} 2\n',
  );
});

test('a query that no server block takes is counted as dropped', () => {
  const start = startServer('example.net {\nprometheus\n}\n');
  if (!start.ok) throw start.error;
  observed(start.server);
  const labels = '{plugin="",rcode="REFUSED",server="dns://:53",view="",zone="dropped"}';
  expect(metrics(start.server)).toContain(`coredns_dns_responses_total${labels} 1\n`);
});

test('health asks itself once a second', () => {
  const server = started('health');
  begin(server, contextFor({ at: 2000 }), () => {});
  const text = metrics(server, 7900);
  expect(text).toContain('coredns_health_request_duration_seconds_bucket{le="0.00025"} 5\n');
  expect(text).toContain('coredns_health_request_failures_total 0\n');
});

test('prometheus tells which plugins handle queries', () => {
  const text = metrics(started('health\nready\nprometheus\ncache'));
  const enabled = text.split('\n').filter((line) => line.startsWith('coredns_plugin_enabled{'));
  expect(enabled.map((line) => /name="(\w+)"/.exec(line)?.[1])).toEqual(['cache', 'prometheus']);
});
