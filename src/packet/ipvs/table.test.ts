/** What a host keeps of its sets and virtual servers is what it would be told if it asked anew, whatever other hosts ask. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../../test/support/seed.ts';
import {
  ConntrackTable,
  type IpvsShared,
  type IpvsState,
  type RealServer,
  type VirtualServer,
} from '../../dataplane/index.ts';
import { type Address, formatEndpoint, TCP } from '../../model/index.ts';
import { FRESH_STATE, type SchedulerState, schedule } from './scheduler.ts';
import { IpvsTable } from './table.ts';

/** Addresses from 10.0.0.1 on: what is at one is told by a number, 0 for nothing. */
const FIRST = 0x0a000001;
const ADDRESSES = 6;

/** A version of what is at each address. */
class Version implements IpvsShared {
  readonly at: readonly number[];
  readonly before: Version | undefined;

  constructor(at: readonly number[], before: Version | undefined) {
    this.at = at;
    this.before = before;
  }

  changedSince(earlier: IpvsShared): ReadonlySet<Address> | undefined {
    const changed = new Set<Address>();
    for (let version: Version | undefined = this; version !== undefined; version = version.before) {
      if (version === earlier) return changed;
      const before = version.before?.at ?? [];
      for (const [i, what] of version.at.entries()) if (what !== before[i]) changed.add(FIRST + i);
    }
    return undefined;
  }
}

/** Of the address numbered `own` it has an opinion of its own. */
class Node implements IpvsState {
  readonly family = 4;
  revision = 0;
  shared: Version;
  /** in place of what is at each address */
  only: VirtualServer | undefined;
  readonly #own: number;

  constructor(shared: Version, own: number) {
    this.shared = shared;
    this.#own = own;
  }

  #what(address: Address): number {
    const place = (address as number) - FIRST;
    return place === this.#own ? 100 + this.revision : (this.shared.at[place] ?? 0);
  }

  differsAt(address: Address): boolean {
    return (address as number) - FIRST === this.#own;
  }

  isIdleAt(address: Address): boolean {
    return this.#what(address) === 0;
  }

  hasBound(address: Address): boolean {
    return this.#what(address) % 2 === 1;
  }

  server(address: Address, port: number): VirtualServer | undefined {
    const what = this.#what(address);
    if (this.only !== undefined) return this.only;
    return what % 3 === 0 || port > 81 ? undefined : virtualServer(address, port, [what, what + 1]);
  }

  setsAt(address: Address, port: number): number {
    return this.#what(address) * 2 + (port & 1);
  }

  holds(): boolean {
    return false;
  }
}

function virtualServer(address: Address, port: number, hosts: readonly number[]): VirtualServer {
  const realServers = new Map(hosts.map((host) => [formatEndpoint(host, 80), real(host)]));
  return { address, port, protocol: TCP, scheduler: 'rr', flags: 0, timeoutSeconds: 0, realServers };
}

function real(host: number, weight = 1): RealServer {
  return { address: host, port: 80, weight, activeConnections: 0, inactiveConnections: 0 };
}

const place = fc.nat({ max: ADDRESSES - 1 });
const command = fc.oneof(
  fc.record({ do: fc.constant('change' as const), place, what: fc.nat({ max: 5 }) }),
  fc.record({ do: fc.constant('follow' as const), node: fc.nat({ max: 2 }), back: fc.nat({ max: 2 }) }),
  fc.record({ do: fc.constant('ask' as const), node: fc.nat({ max: 2 }), place, port: fc.constantFrom(80, 81, 82) }),
);

test('answers are those of the version that the host follows', () => {
  holds(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const versions = [new Version(new Array<number>(ADDRESSES).fill(0), undefined)];
      const nodes = [0, 1, 2].map((own) => new Node(versions[0]!, own === 0 ? 3 : ADDRESSES));
      const tables = nodes.map((node) => new IpvsTable(node));
      const client = { source: 1, sourcePort: 1, destination: FIRST };
      const conntrack = new ConntrackTable(4);
      for (const each of commands) {
        const newest = versions.at(-1)!;
        if (each.do === 'change') versions.push(new Version(newest.at.with(each.place, each.what), newest));
        else if (each.do === 'follow') {
          nodes[each.node]!.shared = versions.at(-1 - each.back) ?? newest;
          nodes[each.node]!.revision++;
        } else {
          const [node, table, address] = [nodes[each.node]!, tables[each.node]!, FIRST + each.place];
          const isIdle = node.isIdleAt(address);
          expect(table.hasBound(address)).toBe(node.hasBound(address));
          expect(table.setsAt(address, each.port, TCP)).toBe(isIdle ? 0 : node.setsAt(address, each.port));
          const found = table.find(address, each.port, TCP);
          const choice = found === undefined ? undefined : table.choose(found, client, conntrack, 0);
          expect(choice?.rows.server(choice.row)).toEqual(isIdle ? undefined : node.server(address, each.port));
        }
      }
    }),
    { numRuns: 500 },
  );
});

/** Hosts with their weights, and how many connections come while they are so. */
const period = fc.record({
  hosts: fc.uniqueArray(fc.record({ host: fc.integer({ min: 1, max: 6 }), weight: fc.constantFrom(1, 1, 1, 0) }), {
    selector: ({ host }) => host,
    maxLength: 5,
  }),
  connections: fc.nat({ max: 8 }),
});

test('rr goes on after a change as the scheduler says', () => {
  holds(
    fc.property(fc.array(period, { maxLength: 8 }), (periods) => {
      let now: VirtualServer = virtualServer(FIRST, 80, []);
      const node = new Node(new Version([1], undefined), -1);
      const table = new IpvsTable(node);
      const conntrack = new ConntrackTable(4);
      const client = { source: 1, sourcePort: 1, destination: FIRST };
      let expected: SchedulerState = FRESH_STATE;
      for (const { hosts, connections } of periods) {
        const realServers = hosts.map(({ host, weight }) => [formatEndpoint(host, 80), real(host, weight)] as const);
        now = { ...now, realServers: new Map(realServers) };
        node.only = now;
        node.shared = new Version([1], undefined);
        node.revision++;
        for (let i = 0; i < connections; i++) {
          const scheduled = schedule(now, expected, client);
          expected = scheduled.state;
          const choice = table.choose(table.find(FIRST, 80, TCP)!, client, conntrack, 0);
          expect(choice?.address).toBe(scheduled.realServer?.address);
          if (choice !== undefined) table.remember(choice);
        }
      }
    }),
  );
});
