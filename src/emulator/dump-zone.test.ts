import { expect, test } from 'vitest';
import { aCluster, aPod, aService } from '../../test/support/cluster.ts';
import { Emulator } from './emulator.ts';

function dumped(corefile?: string): string {
  const emulator = new Emulator(aCluster(), { seed: 1 });
  emulator.boot();
  emulator.apply([aService('my-api', { clusterIP: '10.96.0.50' }), aPod('my-api')]);
  if (corefile !== undefined) emulator.patch('ConfigMap', 'kube-system/coredns', { data: { Corefile: corefile } });
  emulator.settle();
  return emulator.dump('zone', '');
}

test('a dumped zone is what CoreDNS would transfer: its Services, and who serves it', () => {
  const lines = dumped().split('\n');
  expect(lines[0]).toBe('$ORIGIN cluster.local.');
  expect(lines[1]).toMatch(
    /^@ 30 IN SOA ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d+ 7200 1800 86400 30$/,
  );
  expect(lines).toContain('@ 30 IN NS kube-dns.kube-system.svc.cluster.local.');
  expect(lines).toContain('my-api.default.svc 30 IN A 10.96.0.50');
  expect(lines.filter((line) => line.includes('IN SOA'))).toHaveLength(1);
});

test('the Corefile says what the zone holds', () => {
  const text = dumped(
    '.:53 {\n    kubernetes cluster.local {\n        namespaces kube-system\n        ttl 7\n    }\n}\n',
  );
  expect(text).toContain('kube-dns.kube-system.svc 7 IN A 10.96.0.10\n');
  expect(text).not.toContain('my-api');
});

test('a Corefile without the zone, or with a mistake, has none', () => {
  expect(() => dumped('.:53 {\n    errors\n}\n')).toThrow('CoreDNS serves no cluster.local., by its Corefile');
  expect(() => dumped('.:53 {\n    nonsense\n}\n')).toThrow(
    "CoreDNS has no zone: Corefile:2 - Error during parsing: Unknown directive 'nonsense'",
  );
});
