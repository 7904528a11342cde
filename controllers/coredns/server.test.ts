import { expect, test } from 'vitest';
import { AKS_COREFILE, answer, copyServer, type DnsServer, startServer } from './index.ts';
import { asking, contextFor, factsFor, outside, recordsFor } from './test-facts.ts';

function started(corefile: string): DnsServer {
  const start = startServer(corefile, { nameservers: ['168.63.129.16'] });
  if (!start.ok) throw start.error;
  return start.server;
}

const MY_API = 'my-api.default.svc.cluster.local.';
const facts = factsFor({
  'default/my-api': recordsFor('default/my-api', '10.96.0.50', ['10.244.1.10', '10.244.2.20']),
});

test('AKS answers a Service with its clusterIP for 30 seconds', () => {
  const reply = answer(started(AKS_COREFILE), asking(MY_API), contextFor({ facts }));
  expect(reply).toMatchObject({ id: 7, rcode: 'NOERROR', authoritative: true });
  expect(reply.answers).toEqual([{ name: MY_API, type: 'A', ttl: 30, data: '10.96.0.50' }]);
});

test('what was not there stays unknown until its denial expires', () => {
  const server = started(AKS_COREFILE);
  const without = contextFor({ facts: factsFor({ 'default/other': recordsFor('default/other', '10.96.0.51') }) });
  expect(answer(server, asking(MY_API), without).rcode).toBe('NXDOMAIN');
  expect(answer(server, asking(MY_API), contextFor({ facts, at: 29_999 })).rcode).toBe('NXDOMAIN');
  expect(answer(server, asking(MY_API), contextFor({ facts, at: 30_000 })).rcode).toBe('NOERROR');
});

test('TTLs count down by whole seconds, and names are cached whatever their case', () => {
  const server = started(AKS_COREFILE);
  answer(server, asking(MY_API), contextFor({ facts }));
  const later = answer(server, asking('MY-API.default.svc.cluster.local.'), contextFor({ at: 12_900 }));
  expect(later.answers[0]).toMatchObject({ ttl: 18, data: '10.96.0.50' });
  expect(later.question.name).toBe('MY-API.default.svc.cluster.local.');
});

test('a copied server does not see what the original learns afterwards', () => {
  const server = started(AKS_COREFILE);
  const copy = copyServer(server);
  answer(server, asking(MY_API), contextFor({ facts }));
  expect(answer(server, asking(MY_API), contextFor()).rcode).toBe('NOERROR');
  expect(answer(copy, asking(MY_API), contextFor()).rcode).toBe('NXDOMAIN');
});

test('a name outside goes to the node resolver once, then comes from the cache for at most 30 seconds', () => {
  const server = started(AKS_COREFILE);
  const asked: string[] = [];
  const context = contextFor({ upstream: outside(asked) });
  const first = answer(server, asking('example.com.'), context);
  const second = answer(server, asking('example.com.'), { ...context, at: 10_000 });
  expect([first.answers[0]?.ttl, second.answers[0]?.ttl]).toEqual([30, 20]);
  expect(asked).toEqual(['168.63.129.16:53']);
});

test('silence from outside is SERVFAIL, and is not cached', () => {
  const server = started(AKS_COREFILE);
  expect(answer(server, asking('example.com.'), contextFor()).rcode).toBe('SERVFAIL');
  const up = contextFor({ upstream: outside() });
  expect(answer(server, asking('example.com.'), up).rcode).toBe('NOERROR');
});

test('a server block of its own loses what the default block has', () => {
  const server = started(`${AKS_COREFILE}\ncorp.example:53 {\n    errors\n}\n`);
  expect(answer(server, asking('www.corp.example.'), contextFor()).rcode).toBe('SERVFAIL');
  expect(answer(started('corp.example {\n    errors\n}\n'), asking('example.org.'), contextFor()).rcode).toBe(
    'REFUSED',
  );
});

test('before the first sync a missing name is SERVFAIL, a known one answers', () => {
  const server = started('.:53 {\n    kubernetes cluster.local\n}\n');
  expect(answer(server, asking('no.default.svc.cluster.local.'), contextFor({ facts, synced: false })).rcode).toBe(
    'SERVFAIL',
  );
  expect(answer(server, asking(MY_API), contextFor({ facts, synced: false })).rcode).toBe('NOERROR');
});

test('an address answers with the Service that has it, then with the endpoint there', () => {
  const server = started(AKS_COREFILE);
  const pointer = (address: string) => {
    const name = `${address.split('.').reverse().join('.')}.in-addr.arpa.`;
    return answer(server, asking(name, 'PTR'), contextFor({ facts })).answers.map(({ data }) => data);
  };
  expect(pointer('10.96.0.50')).toEqual([MY_API]);
  expect(pointer('10.244.2.20')).toEqual([`10-244-2-20.${MY_API}`]);
});
