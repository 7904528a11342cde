import { expect, test } from 'vitest';
import { addressOf, cidrOf, TCP } from '../../model/index.ts';
import { type Match, STATE_DNAT, STATE_ESTABLISHED, STATE_RELATED, type Target } from '../netfilter.ts';
import { fixedText } from './fixed-text.ts';
import { iptablesSave, ruleText } from './save.ts';

const none: Target = { target: 'none' };
const text = (...matches: Match[]) => ruleText('C', { matches, target: none });

test('addresses, interfaces and protocol go first, in the order of iptables; the rest stays as written', () => {
  expect(
    text(
      { match: 'comment', text: 'a b' },
      { match: 'protocol', protocol: TCP, inverted: false },
      { match: 'destination', cidr: cidrOf('10.0.0.1/32'), inverted: false },
      { match: 'ports', protocol: TCP, destination: [80, 80] },
      { match: 'in-interface', name: 'veth+', inverted: true },
      { match: 'source', cidr: cidrOf('10.0.0.0/8'), inverted: true },
    ),
  ).toBe('-A C ! -s 10.0.0.0/8 -d 10.0.0.1/32 ! -i veth+ -p tcp -m comment --comment "a b" -m tcp --dport 80');
});

test('a match of every address is not printed, unless it is inverted', () => {
  const everywhere = cidrOf('0.0.0.0/0');
  expect(text({ match: 'source', cidr: everywhere, inverted: false })).toBe('-A C');
  expect(text({ match: 'source', cidr: everywhere, inverted: true })).toBe('-A C ! -s 0.0.0.0/0');
});

test('strings are quoted where they need it, and escaped', () => {
  expect(text({ match: 'comment', text: 'plain-text_1' })).toBe('-A C -m comment --comment plain-text_1');
  expect(text({ match: 'comment', text: `say "it's"` })).toBe(`-A C -m comment --comment "say \\"it\\'s\\""`);
  expect(text({ match: 'nfacct', name: 'drops' })).toBe('-A C -m nfacct --nfacct-name  drops');
});

test('states go by the order of the conntrack match, not by how they were given', () => {
  const states = STATE_DNAT | STATE_RELATED | STATE_ESTABLISHED;
  expect(text({ match: 'conntrack', states, inverted: true })).toBe(
    '-A C -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT',
  );
});

test.each([
  [0.3333333333, '0.33333333349'],
  [0.5, '0.50000000000'],
  [0.0909090909, '0.09090909082'],
  // Exactly in the middle of two numbers with eleven decimals: C takes the even one.
  [0.0002441406, '0.00024414062'],
])('probability %f is printed as the kernel keeps it', (probability, printed) => {
  expect(text({ match: 'statistic', probability })).toContain(`--probability ${printed}`);
});

test('fixedText rounds a tie to even, and anything else to the nearest', () => {
  expect(fixedText(1 / 2048, 10)).toBe('0.0004882812');
  expect(fixedText(3 / 2048, 10)).toBe('0.0014648438');
  expect(fixedText(1 / 3, 10)).toBe('0.3333333333');
  expect(fixedText(2 / 3, 10)).toBe('0.6666666667');
});

test('clients are remembered by their whole address, in either family', () => {
  const recent: Match = { match: 'recent', name: 'S', action: 'rcheck', seconds: 10, reap: true };
  const rule = { matches: [recent], target: none };
  const printed = '-A C -m recent --rcheck --seconds 10 --reap --name S --mask';
  expect(ruleText('C', rule)).toBe(`${printed} 255.255.255.255 --rsource`);
  expect(ruleText('C', rule, 6)).toBe(`${printed} ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource`);
});

test.each<[Target, string]>([
  [{ target: 'DNAT', address: addressOf('10.0.0.1'), port: 80 }, '-j DNAT --to-destination 10.0.0.1:80'],
  [{ target: 'DNAT', address: addressOf('fd00::1'), port: 80 }, '-j DNAT --to-destination [fd00::1]:80'],
  [{ target: 'DNAT', address: addressOf('10.0.0.1') }, '-j DNAT --to-destination 10.0.0.1'],
  [{ target: 'SNAT', address: addressOf('10.0.0.1'), randomFully: false }, '-j SNAT --to-source 10.0.0.1'],
  [{ target: 'MASQUERADE', randomFully: true }, '-j MASQUERADE --random-fully'],
  [{ target: 'MARK', value: 0x4000, mask: 0 }, '-j MARK --set-xmark 0x4000/0x0'],
  [{ target: 'REJECT', with: 'icmp-port-unreachable' }, '-j REJECT --reject-with icmp-port-unreachable'],
  [{ target: 'jump', chain: { name: 'NEXT', rules: [] } }, '-j NEXT'],
])('target %#', (target, printed) => {
  expect(ruleText('C', { matches: [], target })).toBe(`-A C ${printed}`);
});

test('a table is its chains, then their rules; tables that are not there are left out', () => {
  const base = {
    name: 'INPUT',
    policy: 'DROP' as const,
    rules: [{ matches: [], target: { target: 'ACCEPT' as const } }],
  };
  const chains = [base, { name: 'OWN', rules: [] }];
  const filter = { name: 'filter' as const, chains: () => chains, chain: () => undefined };
  const ruleset = { table: (name: string) => (name === 'filter' ? filter : undefined) };
  expect(iptablesSave(ruleset)).toBe('*filter\n:INPUT DROP [0:0]\n:OWN - [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n');
});
