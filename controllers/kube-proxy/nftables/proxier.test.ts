/** Syncs: whatever the way to a state, its transactions are valid, lead to the same table, and cost what has changed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commandText,
  type NftCommand,
  type NftTable,
  type NodeFacts,
  nftList,
  parseNft,
  type ServiceEndpoint,
  type ServicePortRecord,
  ServiceTable,
  tableCommands,
} from '../../../src/dataplane/index.ts';
import { addressOf, cidrOf, formatEndpoint, TCP, UDP } from '../../../src/model/index.ts';
import { holds } from '../../../test/support/seed.ts';
import { defaultNftablesConfig } from './config.ts';
import { NftablesProxier, type NftTransaction } from './proxier.ts';
import { kubeProxyNftTable } from './table.ts';

const CONFIG = defaultNftablesConfig('10.244.0.0/16', ['10.96.0.0/16']);
const NODE: NodeFacts = { name: 'node1', addresses: [addressOf('10.0.0.4')], podCidrs: [], zone: 'a' };
const CONTEXT = { family: 4, name: 'kube-proxy' } as const;

const text = (command: NftCommand) => commandText(command, CONTEXT);

/** What nft keeps of a table, and what it refuses. */
class Kernel {
  readonly chains = new Map<string, string[]>();
  readonly sets = new Set<string>();
  readonly elements = new Map<string, string>();

  run(transaction: NftTransaction): void {
    for (const command of transaction) this.#run(command);
    // A rule or element may name what comes later in the transaction, but at its end all must be there.
    for (const line of [...[...this.chains.values()].flat(), ...this.elements.values()])
      for (const [, kind, name] of line.matchAll(/(goto|jump|[^.]@)\s*([\w./-]+)/g))
        if (kind === 'goto' || kind === 'jump') expect(this.chains.has(name!), line).toBe(true);
        else expect(this.sets.has(name!), line).toBe(true);
  }

  #run(command: NftCommand): void {
    const line = text(command);
    switch (command.object) {
      case 'table':
        return;
      case 'chain': {
        const { name } = command.chain;
        if (command.verb !== 'add') expect(this.chains.has(name), line).toBe(true);
        if (command.verb === 'flush') this.chains.set(name, []);
        if (command.verb === 'add' && !this.chains.has(name)) this.chains.set(name, []);
        if (command.verb === 'delete') {
          expect(this.chains.get(name), line).toEqual([]);
          this.chains.delete(name);
        }
        return;
      }
      case 'set':
        if (command.verb === 'add') this.sets.add(command.set.name);
        if (command.verb === 'delete') expect(this.sets.delete(command.set.name), line).toBe(true);
        if (command.verb === 'flush')
          for (const key of this.elements.keys()) if (key.startsWith(`${command.set.name} `)) this.elements.delete(key);
        return;
      case 'rule':
        this.chains.get(command.chain)!.push(line);
        return;
      case 'element': {
        const key = `${command.set.name} ${command.element.key.join(' ')}`;
        expect(this.elements.has(key), line).toBe(command.verb === 'delete');
        if (command.verb === 'add') this.elements.set(key, line);
        else this.elements.delete(key);
        return;
      }
      default:
        command satisfies never;
    }
  }
}

/** The same of a table that is known whole. */
function kernelWith(table: NftTable): Kernel {
  const kernel = new Kernel();
  kernel.run([...tableCommands(table)]);
  return kernel;
}

function endpoint(host: number, ready = true, nodeName = host % 2 === 0 ? 'node1' : 'node2'): ServiceEndpoint {
  const address = addressOf(`10.244.0.${host}`);
  const at = formatEndpoint(address, 8080);
  return { address, port: 8080, text: at, ready, serving: true, terminating: !ready, nodeName };
}

function aPort(number: number, change: Partial<ServicePortRecord> = {}): ServicePortRecord {
  return {
    name: `ns/s${number}:p`,
    protocol: TCP,
    clusterIP: addressOf(`10.96.0.${number}`),
    port: 80,
    nodePort: 0,
    externalIPs: [],
    loadBalancerVIPs: [],
    loadBalancerSourceRanges: [],
    affinitySeconds: 0,
    externalPolicyLocal: false,
    internalPolicyLocal: false,
    healthCheckNodePort: 0,
    endpoints: [endpoint(2), endpoint(3)],
    ...change,
  };
}

function withPort(services: ServiceTable, number: number, port: ServicePortRecord | undefined): ServiceTable {
  const key = `ns/s${number}`;
  return services.set(key, port && { key, ports: [port] });
}

const aShape: fc.Arbitrary<Partial<ServicePortRecord>> = fc
  .record({
    hosts: fc.uniqueArray(fc.record({ host: fc.integer({ min: 1, max: 5 }), ready: fc.boolean() }), {
      maxLength: 4,
      selector: ({ host }) => host,
    }),
    nodePort: fc.boolean(),
    // One external IP for all: Services that claim the same address and port.
    externalIP: fc.boolean(),
    balancer: fc.constantFrom('none', 'open', 'guarded'),
    affinitySeconds: fc.constantFrom(0, 0, 60),
    externalPolicyLocal: fc.boolean(),
    internalPolicyLocal: fc.boolean(),
    protocol: fc.constantFrom(TCP, UDP),
  })
  .map(({ hosts, nodePort, externalIP, balancer, ...rest }) => ({
    ...rest,
    nodePort: nodePort ? 30_080 : 0,
    externalIPs: externalIP ? [addressOf('192.0.2.1')] : [],
    loadBalancerVIPs: balancer === 'none' ? [] : [addressOf('198.51.100.1')],
    loadBalancerSourceRanges: balancer === 'guarded' ? [cidrOf('10.0.0.0/24'), cidrOf('203.0.113.0/24')] : [],
    endpoints: hosts.map(({ host, ready }) => endpoint(host, ready)).sort((a, b) => (a.text < b.text ? -1 : 1)),
  }));

const aChange = fc.record({
  service: fc.integer({ min: 1, max: 4 }),
  shape: fc.option(aShape, { nil: undefined }),
  afterMs: fc.constantFrom(10, 2000),
  full: fc.boolean(),
});

describe('any way to a state', () => {
  it('leads to the table that is written for it, by transactions that nft takes', () => {
    holds(
      fc.property(fc.array(aChange, { minLength: 1, maxLength: 8 }), (changes) => {
        const proxier = new NftablesProxier(CONFIG);
        const kernel = new Kernel();
        let services = ServiceTable.EMPTY;
        let at = 0;
        for (const { service, shape, afterMs, full } of changes) {
          services = withPort(services, service, shape && aPort(service, shape));
          at += afterMs;
          const request = { services, node: NODE, changed: [`ns/s${service}`], at, full };
          for (const transaction of proxier.sync(request)) kernel.run(transaction);
          expectSame(kernel, kernelWith(proxier.table!), (line) => line);
          // But for chains that wait to be deleted, and comments of whoever wanted an element first.
          for (const name of proxier.staleChains.keys()) kernel.chains.delete(name);
          const written = kernelWith(kubeProxyNftTable(services, NODE, CONFIG));
          expectSame(kernel, written, (line) => line.replace(/ comment "[^"]*" :/, ' :'));
          for (const name of proxier.staleChains.keys()) kernel.chains.set(name, []);
        }
      }),
      { numRuns: 150 },
    );
  });

  function expectSame(got: Kernel, wanted: Kernel, shown: (line: string) => string): void {
    const linesOf = ({ chains, elements, sets }: Kernel) => [
      ...[...chains].map(([name, rules]) => `${name}: ${rules.join('; ')}`).sort(),
      ...[...elements.values()].map(shown).sort(),
      ...[...sets].sort(),
    ];
    expect(linesOf(got)).toEqual(linesOf(wanted));
  }
});

describe('a sync', () => {
  const first = withPort(withPort(ServiceTable.EMPTY, 1, aPort(1)), 2, aPort(2));
  const started = () => {
    const proxier = new NftablesProxier(CONFIG);
    proxier.sync({ services: first, node: NODE, changed: [], at: 0 });
    return proxier;
  };

  it('has nothing to do where nothing has changed', () => {
    expect(started().sync({ services: first, node: NODE, changed: [], at: 10 })).toEqual([[]]);
  });

  it('writes the Service that changed, and no other', () => {
    const services = withPort(first, 2, aPort(2, { endpoints: [endpoint(2), endpoint(5)] }));
    const [commands] = started().sync({ services, node: NODE, changed: ['ns/s2'], at: 10 });
    expect(commands!.map(text).every((line) => line.includes('ns/s2/tcp/p'))).toBe(true);
    expect(commands!.map(({ verb, object }) => `${verb} ${object}`)).toEqual(['add chain', 'flush chain', 'add rule']);
  });

  it('keeps a hairpin that another Service still has', () => {
    const services = withPort(first, 2, undefined);
    const [commands] = started().sync({ services, node: NODE, changed: ['ns/s2'], at: 10 });
    expect(commands!.map(text).filter((line) => line.includes('hairpin'))).toEqual([]);
  });

  it('deletes a chain more than a second after it was last flushed, in a transaction before', () => {
    const proxier = started();
    const services = withPort(first, 2, undefined);
    const sync = (at: number, changed: readonly string[] = []) =>
      proxier.sync({ services, node: NODE, changed, at }).map((commands) => commands.map(text));
    expect(sync(10, ['ns/s2'])[0]![0]).toContain('delete element');
    const [, chain] = /chain ip kube-proxy (service-\S+)/.exec(sync(1010)[0]![0]!)!;
    expect(sync(2011)).toEqual([[`delete chain ip kube-proxy ${chain}`], []]);
    expect(sync(9999)).toEqual([[]]);
  });

  it('is a full one when the node is another than before: zones decide about endpoints', () => {
    const proxier = started();
    const [commands] = proxier.sync({ services: first, node: { ...NODE, zone: 'b' }, changed: [], at: 10 });
    const written = commands!.map(text);
    expect(written.filter((line) => line.includes('add chain ip kube-proxy service-'))).toHaveLength(3);
    expect(written.some((line) => line.startsWith('delete chain'))).toBe(false);
    expect(written.some((line) => line.includes('element ip kube-proxy service-ips'))).toBe(false);
  });

  it('takes over what an earlier kube-proxy left', () => {
    const before = started();
    const found = parseNft(nftList([before.table!]));
    if ('line' in found) throw new Error(found.message);
    const services = withPort(first, 2, undefined);
    const proxier = new NftablesProxier(CONFIG, found[0]!);
    const [commands] = proxier.sync({ services, node: NODE, changed: [], at: 0 });
    const elements = commands!.map(text).filter((line) => line.includes(' element '));
    expect(elements.filter((line) => line.startsWith('add'))).toEqual([
      'add element ip kube-proxy nodeport-ips { 10.0.0.4 }',
    ]);
    expect(elements.some((line) => line.includes('delete element ip kube-proxy cluster-ips { 10.96.0.2 }'))).toBe(true);
    expect([...proxier.staleChains.keys()]).toEqual([expect.stringMatching(/^service-\w{8}-ns\/s2\/tcp\/p$/)]);
  });
});
