/** The shortest way answers as the general way does. The second is taken where a selector, here one of everything, is set. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DnsRecords } from '../../../../src/dataplane/index.ts';
import { holds } from '../../../../test/support/seed.ts';
import { answer, type DnsServer, startServer } from '../../server.ts';
import { contextFor, factsFor, recordsFor } from '../../test-facts.ts';

function serverWith(option: string): DnsServer {
  const started = startServer(`.:53 {\n kubernetes cluster.local in-addr.arpa {\n ttl 30\n ${option}\n }\n}`);
  if (!started.ok) throw started.error;
  return started.server;
}

const NAMES = ['a', 'b', 'svc', 'ns'];
const NAMESPACES = ['default', 'svc', 'gone'];

const CLUSTER_IPS: readonly (readonly string[])[] = [
  ['10.96.0.50'],
  ['fd00::50'],
  ['10.96.0.51', 'fd00::51'],
  ['None'],
  [],
];

/** A Service of any kind, or only slices that name one. */
const service = fc.record({
  name: fc.constantFrom(...NAMES),
  namespace: fc.constantFrom(...NAMESPACES),
  clusterIPs: fc.constantFrom(...CLUSTER_IPS),
  externalName: fc.option(fc.constantFrom('b.default.svc.cluster.local', 'example.org'), { nil: undefined }),
  orphan: fc.boolean(),
});

function recordsOf({
  name,
  namespace,
  clusterIPs,
  externalName,
  orphan,
}: typeof service extends fc.Arbitrary<infer S> ? S : never): DnsRecords {
  const { service: made, slices } = recordsFor(`${namespace}/${name}`, clusterIPs[0] ?? '', ['10.244.1.1']);
  if (orphan || made === undefined) return { service: undefined, slices };
  const spec =
    externalName === undefined
      ? { ...made.spec, clusterIPs }
      : { ...made.spec, type: 'ExternalName' as const, externalName, clusterIPs: [], clusterIP: '' };
  return { service: { ...made, spec }, slices };
}

const plainName = fc
  .tuple(fc.constantFrom(...NAMES, 'A'), fc.constantFrom(...NAMESPACES, 'Default'))
  .map(([name, namespace]) => `${name}.${namespace}.svc`);
const otherName = fc
  .array(fc.constantFrom(...NAMES, ...NAMESPACES, 'SVC', '10-244-1-1', '_http', '_tcp'), { minLength: 1, maxLength: 6 })
  .map((labels) => labels.join('.'));
const question = fc.record({
  name: fc.oneof({ arbitrary: plainName, weight: 3 }, otherName).map((name) => `${name}.cluster.local.`),
  type: fc.constantFrom('A', 'AAAA', 'SRV'),
});

test('both ways give the same answers, whichever namespaces exist', () => {
  const direct = serverWith('');
  const general = serverWith('namespace_labels !no-such-label');
  holds(
    fc.property(fc.array(service, { maxLength: 6 }), fc.array(question, { minLength: 1 }), (services, questions) => {
      const all = Object.fromEntries(services.map((one) => [`${one.namespace}/${one.name}`, recordsOf(one)]));
      const facts = factsFor(all);
      const context = contextFor({ facts: { ...facts, dnsNamespace: facts.dnsNamespace.delete('gone') } });
      for (const asked of questions) {
        const query = { id: 1, question: asked };
        expect(answer(direct, query, context)).toEqual(answer(general, query, context));
      }
    }),
    { numRuns: 500 },
  );
});
