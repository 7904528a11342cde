/** Rows hold what a map of their items would, and plain answers are kept and served as any others are. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeededDice } from '../../../../src/emulator/index.ts';
import type { DnsMessage } from '../../../../src/model/index.ts';
import { holds } from '../../../../test/support/seed.ts';
import type { DnsRequest } from '../../plugin.ts';
import { answer, type DnsServer, startServer } from '../../server.ts';
import { contextFor, factsFor, recordsFor } from '../../test-facts.ts';
import { itemOf } from './item.ts';
import { CacheRows } from './rows.ts';

const NO_ANSWER: DnsMessage = {
  id: 0,
  response: true,
  question: { name: '.', type: 'A' },
  rcode: 'NXDOMAIN',
  authoritative: true,
  truncated: false,
  answers: [],
  authorities: [],
  additionals: [],
};

function requestFor(name: string, type: string, bits: Partial<DnsRequest> = {}): DnsRequest {
  const flags = { recursionDesired: true, authenticData: false, checkingDisabled: false };
  return {
    id: 0,
    name,
    lowerName: name,
    type,
    class: 'IN',
    ...flags,
    edns: undefined,
    lookup: () => undefined,
    ...bits,
  };
}

const name = fc.oneof(
  fc.nat(400).map((number) => `n${number}.example.`),
  fc.constantFrom('.', `${'x'.repeat(109)}.y.`, `${'x'.repeat(110)}.y.`, 'é.example.', 'é.examplf.'),
);
const request = fc
  .record({ name, type: fc.constantFrom('A', 'AAAA', 'SRV'), checkingDisabled: fc.boolean() })
  .map((asked) => requestFor(asked.name, asked.type, { checkingDisabled: asked.checkingDisabled }));
const change = fc.record({ request, does: fc.constantFrom('plain', 'item', 'delete', 'copy') });

function keyOf({ lowerName, type, checkingDisabled }: DnsRequest): string {
  return `${lowerName} ${type} ${checkingDisabled}`;
}

test('what was kept is found until it is deleted or had to go, and nothing else is', () => {
  holds(
    fc.property(fc.array(change, { maxLength: 300, size: 'max' }), fc.nat(), (changes, seed) => {
      const dice = new SeededDice(seed);
      let rows = new CacheRows(256 * 4);
      const kept = new Map<string, { asked: DnsRequest; says: string }>();
      for (const [i, { request: asked, does }] of changes.entries()) {
        if (does === 'copy') rows = rows.copy();
        else if (does === 'delete') {
          rows.delete(asked);
          kept.delete(keyOf(asked));
        } else {
          const says = `10.0.0.${i}`;
          const data = { ...NO_ANSWER, answers: [{ name: 'x.', type: 'A', ttl: i, data: says }] };
          const plain = { address: says, ttl: i, storedAt: i };
          if (does === 'item' || !rows.setPlain(asked, plain, dice)) rows.set(asked, itemOf(data, i, i), dice);
          kept.set(keyOf(asked), { asked, says });
        }
      }
      let lost = 0;
      for (const { asked, says } of kept.values()) {
        const row = rows.find(asked);
        if (row < 0) lost++;
        else if (rows.isPlain(row)) expect(rows.address(row)).toBe(says);
        else expect(rows.item(row).reply.answers[0]!.data).toBe(says);
      }
      expect(rows.size).toBe(kept.size - lost);
      expect(lost).toBeLessThanOrEqual(rows.evictions);
      for (const { request: asked, does } of changes) {
        if (does === 'delete' && !kept.has(keyOf(asked))) expect(rows.find(asked)).toBe(-1);
      }
    }),
  );
});

test('a full shard drops one item for each that comes', () => {
  const dice = new SeededDice(7);
  const rows = new CacheRows(256 * 4);
  for (let i = 0; i < 5000; i++) {
    const asked = requestFor(`n${i}.example.`, 'A');
    rows.setPlain(asked, { address: `10.0.0.${i & 255}`, ttl: 30, storedAt: i }, dice);
    expect(rows.address(rows.find(asked))).toBe(`10.0.0.${i & 255}`);
  }
  expect(rows.size + rows.evictions).toBe(5000);
  expect(rows.size).toBe(256 * 4);
});

function serverWith(cache: string): DnsServer {
  const started = startServer(`.:53 {\n kubernetes cluster.local {\n ttl 30\n }\n ${cache}\n}`);
  if (!started.ok) throw started.error;
  return started.server;
}

const facts = factsFor({
  'default/a': recordsFor('default/a', '10.96.0.1'),
  'default/b': recordsFor('default/b', '10.96.0.2'),
  'default/v6': recordsFor('default/v6', 'fd00::1'),
  'default/headless': recordsFor('default/headless', 'None', ['10.244.1.1', '10.244.1.2']),
  'default/one': recordsFor('default/one', 'None', ['10.244.1.3']),
});
const later = factsFor({ 'default/b': recordsFor('default/b', '10.96.0.3') });

const query = fc.record({
  name: fc
    .constantFrom('a', 'A', 'b', 'v6', 'headless', 'one', 'no')
    .map((label) => `${label}.default.svc.cluster.local.`),
  type: fc.constantFrom('A', 'AAAA', 'SRV'),
  afterMs: fc.constantFrom(0, 400, 4000, 31_000),
  changed: fc.boolean(),
  checkingDisabled: fc.boolean(),
});

test.each([
  ['with 30 seconds', 'cache 30', 'cache 30 {\n prefetch 1000000\n}'],
  [
    'with TTLs kept',
    'cache 30 {\n success 9984 20 7\n keepttl\n}',
    'cache 30 {\n success 9984 20 7\n keepttl\n prefetch 1000000\n}',
  ],
])('a cache %s answers as one that keeps every reply whole', (_, plain, whole) => {
  holds(
    fc.property(fc.array(query), (queries) => {
      // What counts how often an item is asked for keeps items whole; nobody asks so often that more comes of it.
      const [one, other] = [serverWith(plain), serverWith(whole)];
      let at = 0;
      for (const { name: asked, type, afterMs, changed, checkingDisabled } of queries) {
        at += afterMs;
        const context = contextFor({ facts: changed ? later : facts, at });
        const message = { id: 1, question: { name: asked, type }, checkingDisabled };
        expect(answer(one, message, context)).toEqual(answer(other, message, context));
      }
    }),
  );
});
