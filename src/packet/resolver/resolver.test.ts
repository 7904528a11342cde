import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../../test/support/seed.ts';
import type { DnsMessage, DnsPolicy, DnsQuestion, Pod, PodDnsConfig, Rcode } from '../../model/index.ts';
import {
  beginLookup,
  candidates,
  type LookupRequest,
  type LookupStep,
  nextStep,
  parseResolvConf,
  resolvConfOf,
  resolvConfText,
} from './index.ts';

const KUBELET = {
  clusterDns: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  nodeResolvConf: 'nameserver 168.63.129.16\nsearch abc.internal.cloudapp.net\noptions edns0\n',
};

function podIn(
  namespace: string,
  dnsPolicy: DnsPolicy,
  more: { hostNetwork?: boolean; dnsConfig?: PodDnsConfig } = {},
) {
  return { metadata: { namespace }, spec: { dnsPolicy, ...more } } as unknown as Pod;
}

test('the file of a pod by its policy', () => {
  const text = (...parameters: Parameters<typeof podIn>) => resolvConfOf(podIn(...parameters), KUBELET).text;
  const cluster =
    'search default.svc.cluster.local svc.cluster.local cluster.local abc.internal.cloudapp.net\nnameserver 10.96.0.10\noptions ndots:5\n';
  const node = 'search abc.internal.cloudapp.net\nnameserver 168.63.129.16\noptions edns0\n';
  expect(text('default', 'ClusterFirst')).toBe(cluster);
  expect(text('default', 'ClusterFirst', { hostNetwork: true })).toBe(node);
  expect(text('default', 'ClusterFirstWithHostNet', { hostNetwork: true })).toBe(cluster);
  expect(text('default', 'Default')).toBe(node);
  const dnsConfig = {
    nameservers: ['1.1.1.1'],
    searches: ['corp'],
    options: [{ name: 'ndots', value: '2' }, { name: 'rotate' }],
  };
  expect(text('a', 'None', { dnsConfig })).toBe('search corp\nnameserver 1.1.1.1\noptions ndots:2 rotate\n');
  expect(text('a', 'ClusterFirst', { dnsConfig })).toContain('options ndots:2 rotate\n');
});

test('no more than three servers and 2048 characters of search domains', () => {
  const searches = Array.from({ length: 40 }, (_, i) => `${'x'.repeat(60)}.${'y'.repeat(60)}${i}`);
  const nameservers = ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'];
  const { conf } = resolvConfOf(podIn('a', 'None', { dnsConfig: { nameservers, searches } }), KUBELET);
  expect(conf.nameservers).toEqual(nameservers.slice(0, 3));
  expect(conf.searches).toEqual(searches.slice(0, 16));
});

const SEED = parseResolvConf(
  'nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n',
);

test.each([
  ['my-api', ['my-api.default.svc.cluster.local.', 'my-api.svc.cluster.local.', 'my-api.cluster.local.', 'my-api.']],
  [
    'my-api.other-ns',
    [
      'my-api.other-ns.default.svc.cluster.local.',
      'my-api.other-ns.svc.cluster.local.',
      'my-api.other-ns.cluster.local.',
      'my-api.other-ns.',
    ],
  ],
  ['my-api.default.svc.cluster.local.', ['my-api.default.svc.cluster.local.']],
  [
    'a.b.c.d.e.f',
    [
      'a.b.c.d.e.f.',
      'a.b.c.d.e.f.default.svc.cluster.local.',
      'a.b.c.d.e.f.svc.cluster.local.',
      'a.b.c.d.e.f.cluster.local.',
    ],
  ],
])('%s is looked for in the order of the search list', (name, expected) => {
  expect(candidates(SEED, name)).toEqual(expected);
});

test('the root in a search list is the name as given, asked once', () => {
  expect(candidates(parseResolvConf('search . corp\noptions ndots:5\n'), 'a')).toEqual(['a.', 'a.corp.']);
});

function reply({ name, type }: DnsQuestion, rcode: Rcode, data?: string): DnsMessage {
  const answers = data === undefined ? [] : [{ name, type, ttl: 30, data }];
  const flags = { response: true, authoritative: true, truncated: false };
  return { id: 1, ...flags, question: { name, type }, rcode, answers, authorities: [], additionals: [] };
}

type Script = (question: DnsQuestion, server: string) => DnsMessage | undefined | 'refused';

/** Runs a lookup against a script; gives the questions asked, in order, and the end. */
function run(conf: string, name: string, script: Script, more: Partial<LookupRequest> = {}) {
  const asked: string[] = [];
  let step: LookupStep = beginLookup(parseResolvConf(conf), { name, types: ['A'], ...more });
  while (step.step === 'ask') {
    if (asked.length > 200) throw new Error('the lookup never ends');
    const { servers, questions, timeoutMs } = step;
    const server = servers[0]!;
    const replies = questions.map((question) => script(question, server));
    asked.push(`${questions[0]!.name} @${servers.join('+')} ${timeoutMs / 1000}s`);
    step = nextStep(step.state, {
      replies: replies.map((one) => (one === 'refused' ? undefined : one)),
      refused: replies.includes('refused'),
    });
  }
  return { asked, end: step };
}

const POD = 'search a.svc b.svc\nnameserver 10.0.0.10\noptions ndots:5\n';

test('NXDOMAIN and no data go on, an answer ends', () => {
  const { asked, end } = run(POD, 'x', (question) => {
    if (question.name === 'x.a.svc.') return reply(question, 'NXDOMAIN');
    return question.name === 'x.b.svc.' ? reply(question, 'NOERROR') : reply(question, 'NOERROR', '10.1.1.1');
  });
  expect(asked).toEqual(['x.a.svc. @10.0.0.10 5s', 'x.b.svc. @10.0.0.10 5s', 'x. @10.0.0.10 5s']);
  expect(end).toMatchObject({ outcome: 'found', answeredName: 'x.' });
});

test('silence is asked again once, ends the search, and the name as given still gets its turn', () => {
  const { asked, end } = run(POD, 'x', () => undefined);
  expect(asked).toEqual(['x.a.svc. @10.0.0.10 5s', 'x.a.svc. @10.0.0.10 5s', 'x. @10.0.0.10 5s', 'x. @10.0.0.10 5s']);
  expect(end).toMatchObject({ outcome: 'try-again' });
});

test('SERVFAIL goes to the next server, then to the next name', () => {
  const conf =
    'search a.svc\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\noptions ndots:5 attempts:1\n';
  const { asked, end } = run(conf, 'x', (question) => reply(question, 'SERVFAIL'));
  const servers = ['@10.0.0.1 5s', '@10.0.0.2 3s', '@10.0.0.3 6s'];
  expect(asked).toEqual([...servers.map((server) => `x.a.svc. ${server}`), ...servers.map((server) => `x. ${server}`)]);
  expect(end).toMatchObject({ outcome: 'try-again' });
});

test('a refused port ends the lookup', () => {
  const { asked, end } = run(POD, 'x', () => 'refused');
  expect(asked).toEqual(['x.a.svc. @10.0.0.10 5s', 'x.a.svc. @10.0.0.10 5s']);
  expect(end).toMatchObject({ outcome: 'try-again' });
});

test('when one of two answers is lost, both are asked for again, one by one', () => {
  const first = beginLookup(parseResolvConf(POD), { name: 'x.', types: ['A', 'AAAA'] });
  if (first.step !== 'ask') throw new Error('nothing asked');
  expect(first.mode).toBe('parallel');
  const second = nextStep(first.state, { replies: [reply(first.questions[0]!, 'NOERROR', '10.1.1.1'), undefined] });
  expect(second).toMatchObject({ step: 'ask', mode: 'single-request', servers: first.servers });
});

test('a truncated answer is asked for again over TCP', () => {
  const first = beginLookup(parseResolvConf(POD), { name: 'x.', types: ['A'] });
  if (first.step !== 'ask') throw new Error('nothing asked');
  const truncated = { ...reply(first.questions[0]!, 'NOERROR', '10.1.1.1'), truncated: true };
  expect(nextStep(first.state, { replies: [truncated] })).toMatchObject({ step: 'ask', transport: 'tcp' });
});

test('rotate begins with another server for each name', () => {
  const conf = 'search a.svc\nnameserver 10.0.0.1\nnameserver 10.0.0.2\noptions ndots:5 rotate\n';
  const { asked } = run(conf, 'x', (question) => reply(question, 'NXDOMAIN'), { firstServer: 1 });
  expect(asked).toEqual(['x.a.svc. @10.0.0.2 5s', 'x. @10.0.0.1 5s']);
});

const MUSL = { libc: 'musl' } as const;
const TWO = 'search a.svc b.svc\nnameserver 10.0.0.1\nnameserver 10.0.0.2\noptions ndots:2\n';

test('musl asks every server at once, and searches on only after NXDOMAIN', () => {
  const nobody = run(TWO, 'x', (question) => reply(question, 'NXDOMAIN'), MUSL);
  expect(nobody.asked).toEqual(['x.a.svc.', 'x.b.svc.', 'x.'].map((name) => `${name} @10.0.0.1+10.0.0.2 2.5s`));
  expect(nobody.end).toMatchObject({ outcome: 'not-found' });
  const empty = run(TWO, 'x', (question) => reply(question, 'NOERROR'), MUSL);
  expect(empty).toMatchObject({ asked: ['x.a.svc. @10.0.0.1+10.0.0.2 2.5s'], end: { outcome: 'no-data' } });
});

test('musl never searches for a name with enough dots', () => {
  expect(run(TWO, 'x.y.z', (question) => reply(question, 'NXDOMAIN'), MUSL).asked.length).toBe(1);
});

test('silence, and SERVFAIL after two more questions each, end a lookup of musl', () => {
  const silent = run(TWO, 'x', () => undefined, MUSL);
  expect(silent).toMatchObject({ asked: { length: 2 }, end: { outcome: 'try-again' } });
  const failing = run(TWO, 'x', (question) => reply(question, 'SERVFAIL'), MUSL);
  expect(failing).toMatchObject({ asked: { length: 4 }, end: { outcome: 'try-again' } });
});

test('every lookup ends, and finds only names of its plan', () => {
  const outcome = fc.constantFrom<Rcode | 'found' | 'silence' | 'refused'>(
    'NOERROR',
    'NXDOMAIN',
    'SERVFAIL',
    'REFUSED',
    'found',
    'silence',
    'refused',
  );
  const name = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 7 })
    .map((labels) => labels.join('.'));
  const servers = fc.integer({ min: 0, max: 4 });
  const libc = fc.constantFrom('glibc' as const, 'musl' as const);
  holds(
    fc.property(
      name,
      servers,
      libc,
      fc.array(outcome, { minLength: 1, maxLength: 40 }),
      (asked, count, ways, script) => {
        const lines = Array.from({ length: count }, (_, i) => `nameserver 10.0.0.${i + 1}\n`).join('');
        const conf = `search n.svc svc local\n${lines}options ndots:5\n`;
        let at = 0;
        const { end } = run(
          conf,
          asked,
          (question) => {
            const next = script[at++ % script.length]!;
            if (next === 'silence') return undefined;
            if (next === 'refused') return next;
            return next === 'found' ? reply(question, 'NOERROR', '10.1.1.1') : reply(question, next);
          },
          { libc: ways },
        );
        if (end.step !== 'done') throw new Error('not ended');
        if (end.outcome === 'found') expect(candidates(parseResolvConf(conf), asked)).toContain(end.answeredName);
      },
    ),
  );
});

test('what is written is read back', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,8}){0,2}$/);
  const conf = fc.record({ nameservers: fc.array(fc.ipV4()), searches: fc.array(word), options: fc.array(word) });
  holds(
    fc.property(conf, (written) => {
      expect(parseResolvConf(resolvConfText(written))).toEqual(written);
    }),
  );
});
