import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { type Moment, TCP } from '../model/index.ts';
import { Connection, packPorts } from './connection.ts';
import { ConntrackTable } from './conntrack.ts';

interface Tuple {
  readonly source: number;
  readonly destination: number;
  readonly ports: number;
}

/** What the table must be like: a list of what was inserted, looked through from end to end. */
class Model {
  entries: { original: Tuple; reply: Tuple; expiresAt: Moment; mark: number }[] = [];

  find(tuple: Tuple, at: Moment): { mark: number; direction: number } | undefined {
    for (const { original, reply, expiresAt, mark } of this.entries) {
      if (expiresAt <= at) continue;
      if (same(original, tuple)) return { mark, direction: 0 };
      if (same(reply, tuple)) return { mark, direction: 1 };
    }
    return undefined;
  }

  insert(original: Tuple, reply: Tuple, expiresAt: Moment, mark: number, at: Moment): boolean {
    if (this.find(original, at) !== undefined || this.find(reply, at) !== undefined) return false;
    this.entries.push({ original, reply, expiresAt, mark });
    return true;
  }

  remove(tuple: Tuple, at: Moment): void {
    const live = (entry: Model['entries'][number]): boolean =>
      entry.expiresAt > at && (same(entry.original, tuple) || same(entry.reply, tuple));
    this.entries = this.entries.filter((entry) => !live(entry));
  }
}

function same(a: Tuple, b: Tuple): boolean {
  return a.source === b.source && a.destination === b.destination && a.ports === b.ports;
}

function find(table: ConntrackTable, { source, destination, ports }: Tuple, at: Moment) {
  const found = table.find(TCP, source, destination, ports, at);
  return found < 0 ? undefined : { mark: table.read(found >> 1).mark, direction: found & 1 };
}

function connectionOf(original: Tuple, reply: Tuple, expiresAt: Moment, mark: number): Connection {
  const connection = new Connection(TCP, original.source, original.destination, original.ports);
  connection.replySource = reply.source;
  connection.replyDestination = reply.destination;
  connection.replyPorts = reply.ports;
  connection.expiresAt = expiresAt;
  connection.mark = mark;
  return connection;
}

// Few enough values for tuples to meet, more of them than the table begins with rows.
const tuple = fc.record({
  source: fc.constantFrom(-1, 0, 0x0a000001, 0x0a000002 | 0, 0xc0a80001 | 0),
  destination: fc.constantFrom(0x0a000001, 0x0a000003, 0xac100001 | 0),
  ports: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom(80, 65535)).map(([s, d]) => packPorts(s, d)),
});
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('insert'), tuple, reply: tuple, for: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), tuple, reply: tuple, for: fc.constant(0) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('find'), tuple, reply: tuple, for: fc.constant(0) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait'), tuple, reply: tuple, for: fc.integer({ min: 0, max: 30 }) }),
  },
);

describe('the connection tracking table', () => {
  test('finds what a list of its entries holds, whatever came, went and expired', () => {
    holds(
      fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), (steps) => {
        const table = new ConntrackTable(4, 2);
        const model = new Model();
        let at = 0;
        let mark = 0;
        for (const { do: what, tuple: original, reply, for: duration } of steps) {
          mark++;
          if (what === 'wait') at += duration;
          else if (what === 'insert') {
            const inserted = table.insert(connectionOf(original, reply, at + duration, mark), at);
            expect(inserted).toBe(model.insert(original, reply, at + duration, mark, at));
          } else if (what === 'remove') {
            const found = table.find(TCP, original.source, original.destination, original.ports, at);
            if (found >= 0) table.remove(table.read(found >> 1));
            model.remove(original, at);
          }
          expect(find(table, original, at)).toEqual(model.find(original, at));
          expect(find(table, reply, at)).toEqual(model.find(reply, at));
        }
        const live = model.entries.filter(({ expiresAt }) => expiresAt > at).map((entry) => entry.mark);
        expect([...table.connections(at)].map((entry) => entry.mark).sort((a, b) => a - b)).toEqual(live);
      }),
      { numRuns: 200 },
    );
  });

  test('sweeps what has expired as new entries come: it does not grow for ever', () => {
    const table = new ConntrackTable(4);
    for (let i = 0; i < 20_000; i++) {
      const original = { source: i, destination: 1, ports: 1 };
      table.insert(connectionOf(original, { source: 1, destination: i, ports: 1 }, i + 100, 0), i);
    }
    expect(table.size).toBeLessThan(400);
  });

  test('finds every entry of a table as large as a busy node has, after half of them are gone', () => {
    const entries = Array.from({ length: 50_000 }, (_, i) => {
      const original = { source: i, destination: i % 7, ports: packPorts(i % 60_000, 80) };
      return connectionOf(original, { source: -i - 1, destination: i % 11, ports: packPorts(80, i % 60_000) }, 100, i);
    });
    const table = new ConntrackTable(4);
    for (const entry of entries) table.insert(entry, 0);
    for (const entry of entries) if (entry.mark % 2 === 0) table.remove(entry);
    const wrong = entries.filter(({ source, destination, ports, replySource, replyDestination, replyPorts, mark }) => {
      const expected = [0, 1].map((direction) => (mark % 2 === 0 ? undefined : { mark, direction }));
      const reply = { source: replySource, destination: replyDestination, ports: replyPorts };
      const found = [find(table, { source, destination, ports }, 0), find(table, reply, 0)];
      return JSON.stringify(found) !== JSON.stringify(expected);
    });
    expect(wrong).toEqual([]);
    expect(table.size).toBe(25_000);
  });

  test('clones into a table of its own', () => {
    const table = new ConntrackTable(4);
    const [first, second] = [1, 2].map((source) =>
      connectionOf({ source, destination: 9, ports: 1 }, { source: 9, destination: source, ports: 1 }, 100, source),
    );
    table.insert(first!, 0);
    const copy = table.clone();
    table.insert(second!, 0);
    copy.remove(first!);
    expect([...table.connections(0)].map(({ mark }) => mark)).toEqual([1, 2]);
    expect([...copy.connections(0)]).toEqual([]);
  });
});
