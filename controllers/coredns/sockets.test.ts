/** Where server blocks listen: ports, several zones of one block, addresses. */
import { describe, expect, test } from 'vitest';
import { addressOf } from '../../src/model/index.ts';
import { answer, type DnsServer, foreignSockets, formatMetrics, metricsOf, socketAt, startServer } from './index.ts';
import { asking, contextFor } from './test-facts.ts';

const POD = addressOf('10.244.0.12');
const LOOPBACK = addressOf('127.0.0.1');
const INTERFACES = { lo: ['127.0.0.1', '::1'], eth0: ['10.244.0.12'] };

function started(corefile: string): DnsServer {
  const start = startServer(corefile, { interfaces: INTERFACES });
  if (!start.ok) throw start.error;
  return start.server;
}

function refused(corefile: string): string {
  const start = startServer(corefile, { interfaces: INTERFACES });
  return start.ok ? 'accepted' : start.error.message;
}

const answering = (address: string) => `template ANY A . {\nanswer "{{ .Name }} 60 IN A ${address}"\n}`;

function asked(server: DnsServer, name: string, port: number, address = POD, type = 'A'): string | undefined {
  const connection = { protocol: 'udp', clientPort: 40_000, server: address, serverPort: port } as const;
  const reply = answer(server, asking(name, type), contextFor({ connection }));
  return reply.answers[0]?.data ?? reply.rcode;
}

/** Requests that were counted: server, zone, number. */
function requestsOf(server: DnsServer): readonly (string | undefined)[] {
  const lines = formatMetrics(metricsOf(server, 0)).split('\n');
  return lines
    .filter((line) => line.startsWith('coredns_dns_requests_total'))
    .map((line) => /server="([^"]+)".*zone="([^"]+)"\} (\d+)/.exec(line)?.slice(1).join(' '));
}

describe('a server block with several keys', () => {
  const aServer = () =>
    started(`.:53 example.org:5353 dns://example.net:5353 {\n${answering('192.0.2.1')}\nprometheus\n}\n`);

  test('serves each zone at its own port alone, and counts queries by the port that was asked', () => {
    const server = aServer();
    expect(asked(server, 'www.example.com.', 53)).toBe('192.0.2.1');
    expect(asked(server, 'www.example.org.', 5353)).toBe('192.0.2.1');
    expect(asked(server, 'www.example.net.', 5353)).toBe('192.0.2.1');
    expect(asked(server, 'www.example.com.', 5353)).toBe('REFUSED');
    expect(requestsOf(server)).toEqual([
      'dns://:53 . 1',
      'dns://:5353 dropped 1',
      'dns://:5353 example.net. 1',
      'dns://:5353 example.org. 1',
    ]);
  });

  test('listens on these ports and no other', () => {
    const server = aServer();
    expect([53, 5353, 54].map((port) => socketAt(server, POD, port)?.name)).toEqual([
      'dns://:53',
      'dns://:5353',
      undefined,
    ]);
  });
});

describe('bind', () => {
  test('keeps a server block to an address, an interface, or what is left of it', () => {
    const block = (line: string, address: string) => `.:53 {\n${line}\n${answering(address)}\n}\n`;
    const server = started(block('bind lo', '192.0.2.1') + block('bind 10.244.0.12', '192.0.2.2'));
    expect(asked(server, 'www.example.org.', 53, LOOPBACK)).toBe('192.0.2.1');
    expect(asked(server, 'www.example.org.', 53, POD)).toBe('192.0.2.2');
    const rest = started(block('bind lo eth0 {\nexcept 127.0.0.1\n}', '192.0.2.3'));
    expect(rest.sockets.map(({ name }) => name)).toEqual(['dns://[::1]:53', 'dns://10.244.0.12:53']);
  });

  test('tells of an address that is not the pod’s', () => {
    const server = started('.:53 {\nbind 192.0.2.9\nerrors\n}\n');
    expect(foreignSockets(server, ['10.244.0.12']).map(({ name }) => name)).toEqual(['dns://192.0.2.9:53']);
  });

  test.each([
    ['bind', 'plugin/bind: at least one address or interface name is expected'],
    ['bind eth9', 'plugin/bind: not a valid IP address or interface name: "eth9"'],
    ['bind eth0 {\nexcept\n}', 'plugin/bind: at least one address or interface must be given to except subdirective'],
    ['bind eth0 {\nonly\n}', 'plugin/bind: invalid option "only"'],
  ])('refuses %j', (line, reason) => expect(refused(`.:53 {\n${line}\n}\n`)).toContain(reason));
});

test('two server blocks may share a zone at other ports and other addresses, not at the same', () => {
  const block = (key: string, bind = '') => `${key} {\n${bind}\nerrors\n}\n`;
  expect(refused(block('.:53') + block('.:54'))).toBe('accepted');
  expect(refused(block('.:53', 'bind lo') + block('.:53', 'bind eth0'))).toBe('accepted');
  expect(refused(block('.:53') + block('dns://.'))).toContain('cannot serve dns://.:53 - it is already defined');
  expect(refused(block('.:53', 'bind 127.0.0.1') + block('.:53'))).toContain(
    'cannot serve dns://.:53 - zone overlap listener capacity with dns://.:53 on 127.0.0.1',
  );
  expect(refused(block('.:53') + block('.:53', 'bind 127.0.0.1'))).toContain(
    'cannot serve dns://.:53 on 127.0.0.1 - zone overlap listener capacity with dns://.:53',
  );
});

test('a key whose port cannot be is refused', () => {
  expect(refused('example.org:70000 {\nerrors\n}\n')).toContain('address 70000: invalid port');
  expect(refused('example.org: {\nerrors\n}\n')).toContain('expecting data after last colon: "example.org:"');
});

test('what a parent says of a zone is asked of the block that serves the parent', () => {
  const server = started(
    `example.org {\n${answering('192.0.2.1').replace('ANY A', 'ANY DS').replace('IN A', 'IN TXT')}\n}\n` +
      'sub.example.org {\nerrors\n}\n',
  );
  expect(asked(server, 'sub.example.org.', 53, POD, 'DS')).toBe('192.0.2.1');
  expect(asked(server, 'sub.example.org.', 53, POD, 'TXT')).toBe('SERVFAIL');
});

test('a server block whose plugins are never asked about a query serves nobody', () => {
  expect(asked(started('.:53 {\nhealth\nready\n}\n'), 'example.org.', 53)).toBe('REFUSED');
});
