import { expect, test } from 'vitest';
import { addressOf, formatEndpoint, TCP, UDP } from '../../model/index.ts';
import { ipvsadmList } from './list.ts';
import { PERSISTENT, SCHEDULER_HASHES_PORT, type VirtualServer, virtualServerName } from './virtual-server.ts';

function server(at: string, port: number, real: readonly string[], more: Partial<VirtualServer> = {}): VirtualServer {
  const realServers = real.map((text) => ({
    address: addressOf(text),
    port: 8080,
    weight: 1,
    activeConnections: 0,
    inactiveConnections: 0,
  }));
  return {
    address: addressOf(at),
    port,
    protocol: TCP,
    scheduler: 'rr',
    flags: 0,
    timeoutSeconds: 0,
    realServers: new Map(realServers.map((each) => [formatEndpoint(each.address, each.port), each])),
    ...more,
  };
}

const listed = (...servers: readonly VirtualServer[]) =>
  ipvsadmList(new Map(servers.map((each) => [virtualServerName(each), each])));

const TITLE = [
  'IP Virtual Server version 1.2.1 (size=4096)',
  'Prot LocalAddress:Port Scheduler Flags',
  '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
];

test('without virtual servers there is the title', () => {
  expect(listed()).toBe(`${TITLE.join('\n')}\n`);
});

test('servers are sorted by protocol, address and port; real servers by address', () => {
  const text = listed(
    server('10.96.0.10', 53, [], { protocol: UDP }),
    server('10.96.0.50', 80, ['10.244.1.10', '10.244.0.20'], { flags: PERSISTENT, timeoutSeconds: 10_800 }),
    server('10.96.0.9', 443, []),
    server('10.96.0.9', 80, []),
  );
  expect(text.split('\n')).toEqual([
    ...TITLE,
    'TCP  10.96.0.9:80 rr',
    'TCP  10.96.0.9:443 rr',
    'TCP  10.96.0.50:80 rr persistent 10800',
    '  -> 10.244.0.20:8080             Masq    1      0          0         ',
    '  -> 10.244.1.10:8080             Masq    1      0          0         ',
    'UDP  10.96.0.10:53 rr',
    '',
  ]);
});

test('IPv6 comes after IPv4, in brackets', () => {
  const text = listed(server('fd00:96::10', 80, ['fd00:10::5']), server('10.96.0.9', 80, []));
  expect(text.split('\n').slice(3)).toEqual([
    'TCP  10.96.0.9:80 rr',
    'TCP  [fd00:96::10]:80 rr',
    '  -> [fd00:10::5]:8080            Masq    1      0          0         ',
    '',
  ]);
});

test('mh says that it hashes ports', () => {
  const text = listed(server('10.96.0.9', 80, [], { scheduler: 'mh', flags: SCHEDULER_HASHES_PORT }));
  expect(text).toContain('TCP  10.96.0.9:80 mh (mh-port)\n');
});
