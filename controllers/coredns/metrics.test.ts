/** What a metrics endpoint shows of plugins that count for themselves: the text, after real queries. */
import { describe, expect, test } from 'vitest';
import { answer, copyServer, type DnsServer, formatMetrics, metricsOf, startServer } from './index.ts';
import { asking, contextFor } from './test-facts.ts';

const INTERFACES = { lo: ['127.0.0.1', '::1'], eth0: ['10.244.0.12'] };

function started(corefile: string, files: Readonly<Record<string, string>> = {}): DnsServer {
  const start = startServer(corefile, { interfaces: INTERFACES, files });
  if (!start.ok) throw start.error;
  return start.server;
}

function ask(server: DnsServer, name: string, type = 'A', serverPort = 53): string {
  const connection = { protocol: 'udp', clientPort: 40_000, server: 0x0af4000c, serverPort } as const;
  return answer(server, asking(name, type), contextFor({ connection })).rcode;
}

/** The lines of one plugin's families. */
function shown(server: DnsServer, prefix: string): readonly string[] {
  const lines = formatMetrics(metricsOf(server, 0)).split('\n');
  return lines.filter((line) => line.replace(/^# (HELP|TYPE) /, '').startsWith(prefix));
}

describe('template', () => {
  const block = (zone: string, lines: string) => `template IN A ${zone} {\n${lines}\n}\n`;

  test('counts matches by zone and by where it was asked, once there are any', () => {
    const server = started(
      `.:53 .:54 {\n${block('example.org', 'match ^a\nrcode NXDOMAIN\nfallthrough')}${block('.', 'rcode REFUSED')}}\n`,
    );
    expect(shown(server, 'coredns_template')).toEqual([]);
    const asked = [
      ask(server, 'a.example.org.'),
      ask(server, 'b.example.org.'),
      ask(server, 'a.example.org.', 'A', 54),
    ];
    expect(asked).toEqual(['NXDOMAIN', 'REFUSED', 'NXDOMAIN']);
    expect(shown(server, 'coredns_template')).toEqual([
      '# HELP coredns_template_matches_total Counter of template regex matches.',
      '# TYPE coredns_template_matches_total counter',
      'coredns_template_matches_total{class="IN",server="dns://:53",type="A",view="",zone="."} 1',
      'coredns_template_matches_total{class="IN",server="dns://:53",type="A",view="",zone="example.org."} 1',
      'coredns_template_matches_total{class="IN",server="dns://:54",type="A",view="",zone="example.org."} 1',
    ]);
  });

  test('counts texts that cannot be filled in, and those that are no records then, as Go prints them', () => {
    const server = started(
      `.:53 {\n${block('a.example', 'answer "{{ .Name }} IN A {{index  .Match   3}}"')}` +
        `${block('b.example', 'answer "{{ .Name }} IN A 192.0.2.1"\nauthority "{{ .Zone -}}  IN A nowhere"')}}\n`,
    );
    expect([ask(server, 'a.example.'), ask(server, 'b.example.')]).toEqual(['SERVFAIL', 'SERVFAIL']);
    const labels = (zone: string, section: string, text: string) =>
      `{class="IN",section="${section}",server="dns://:53",template="${text}",type="A",view="",zone="${zone}."} 1`;
    const textFailures = 'coredns_template_template_failures_total';
    expect(shown(server, textFailures)).toEqual([
      `# HELP ${textFailures} Counter of go template failures.`,
      `# TYPE ${textFailures} counter`,
      `${textFailures}${labels('a.example', 'answer', '{{.Name}} IN A {{index .Match 3}}')}`,
    ]);
    const recordFailures = 'coredns_template_rr_failures_total';
    expect(shown(server, recordFailures)).toEqual([
      `# HELP ${recordFailures} Counter of mis-templated RRs.`,
      `# TYPE ${recordFailures} counter`,
      `${recordFailures}${labels('b.example', 'authority', '{{.Zone}}IN A nowhere')}`,
    ]);
  });

  test('a copied server counts for itself', () => {
    const server = started(`.:53 {\n${block('.', 'rcode NXDOMAIN')}}\n`);
    ask(server, 'example.');
    const copy = copyServer(server);
    ask(server, 'example.');
    expect([server, copy].map((one) => shown(one, 'coredns_template_matches_total{')[0]?.at(-1))).toEqual(['2', '1']);
  });
});

test('autopath counts the queries for which it found a name on the path', () => {
  const server = started('.:53 {\nautopath resolv.conf\ntemplate IN A b.example {\nmatch ^www\n}\n}\n', {
    'resolv.conf': 'search a.example b.example',
  });
  expect(ask(server, 'www.a.example.')).toBe('NOERROR');
  expect(ask(server, 'nobody.a.example.')).toBe('SERVFAIL');
  expect(ask(server, 'www.elsewhere.')).toBe('SERVFAIL');
  expect(shown(server, 'coredns_autopath')).toEqual([
    '# HELP coredns_autopath_success_total Counter of requests that did autopath.',
    '# TYPE coredns_autopath_success_total counter',
    'coredns_autopath_success_total{server="dns://:53"} 1',
  ]);
});

describe('hosts', () => {
  const inline = '192.0.2.1 a.example b.example\n2001:db8::1 *.example\n';

  test('tells how many entries its file and its block have: names, and addresses where they lead back', () => {
    const server = started(`.:53 {\nhosts table.hosts {\n${inline}}\n}\n`, {
      'table.hosts': '192.0.2.2 c.example # d',
    });
    expect(shown(server, 'coredns_hosts_entries')).toEqual([
      '# HELP coredns_hosts_entries The combined number of entries in hosts and Corefile.',
      '# TYPE coredns_hosts_entries gauge',
      'coredns_hosts_entries{hostsfile="table.hosts"} 7',
    ]);
  });

  test.each([
    ['the pod’s own file', 'hosts', '', ['coredns_hosts_entries{hostsfile="/etc/hosts"} 5']],
    ['no way back', 'hosts', 'no_reverse\n', ['coredns_hosts_entries{hostsfile="/etc/hosts"} 3']],
    ['a file that is not there', 'hosts nowhere.hosts', '', []],
  ])('with %s', (_, head, option, expected) => {
    const server = started(`.:53 {\n${head} {\n${inline}${option}}\n}\n`);
    expect(shown(server, 'coredns_hosts_entries{')).toEqual(expected);
  });

  test('of two blocks with the same file the last is told', () => {
    const server = started(`.:53 {\nhosts {\n${inline}}\n}\n.:54 {\nhosts {\n192.0.2.1 a.example\n}\n}\n`);
    expect(shown(server, 'coredns_hosts_entries{')).toEqual(['coredns_hosts_entries{hostsfile="/etc/hosts"} 2']);
  });
});

describe('the process', () => {
  test('tells its version once, however many server blocks count', () => {
    const server = started('.:53 {\nprometheus\n}\n.:54 {\nprometheus\n}\n');
    const help =
      "A metric with a constant '1' value labeled by version, revision, and goversion from which CoreDNS was built.";
    expect(shown(server, 'coredns_build_info')).toEqual([
      `# HELP coredns_build_info ${help}`,
      '# TYPE coredns_build_info gauge',
      'coredns_build_info{goversion="",revision="",version="1.14.7"} 1',
    ]);
  });

  test('shows what has no labels from the start, whatever plugins its Corefile names', () => {
    const lines = formatMetrics(metricsOf(started('.:53 {\nerrors\n}\n'), 0)).split('\n');
    expect(lines.filter((line) => line.startsWith('coredns_') && !line.includes('_bucket{'))).toEqual([
      'coredns_forward_healthcheck_broken_total 0',
      'coredns_forward_max_concurrent_rejects_total 0',
      'coredns_health_request_duration_seconds_sum 0',
      'coredns_health_request_duration_seconds_count 0',
      'coredns_health_request_failures_total 0',
      'coredns_local_localhost_requests_total 0',
      'coredns_panics_total 0',
    ]);
  });

  test('tells which plugins are enabled at each address of a server block', () => {
    const server = started('example.org:53 example.net:54 {\nbind 127.0.0.1 10.244.0.12\nprometheus\n}\n');
    const at = (address: string) =>
      `coredns_plugin_enabled{name="prometheus",server="dns://${address}:53",view="",zone="example.org."} 1`;
    expect(shown(server, 'coredns_plugin_enabled{')).toEqual([at('10.244.0.12'), at('127.0.0.1')]);
  });
});
