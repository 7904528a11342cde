import { expect, test } from 'vitest';
import { zoneFile } from './index.ts';

test('a zone file names the zone once, and each record', () => {
  const soa = { name: 'cluster.local.', type: 'SOA', ttl: 30, data: 'ns.dns.cluster.local. a. 1 7200 1800 86400 30' };
  const address = { name: 'x.a.svc.cluster.local.', type: 'A', ttl: 30, data: '10.0.0.1' };
  const outside = { name: 'x.example.', type: 'A', ttl: 60, data: '192.0.2.1' };
  expect(zoneFile('cluster.local.', [soa, address, address, outside, soa])).toBe(`$ORIGIN cluster.local.
@ 30 IN SOA ns.dns.cluster.local. a. 1 7200 1800 86400 30
x.a.svc 30 IN A 10.0.0.1
x.example. 60 IN A 192.0.2.1
`);
});
