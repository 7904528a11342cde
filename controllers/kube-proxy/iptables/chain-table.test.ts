import { expect, test } from 'vitest';
import { baseChains, ChainTable } from './chain-table.ts';
import { fixedChain, NO_RULES } from './rule.ts';

const SERVICE_CHAIN = fixedChain('KUBE-SVC-AAAAAAAAAAAAAAAA', NO_RULES);

function natTable() {
  let asked = 0;
  const more = () => {
    asked++;
    return [SERVICE_CHAIN];
  };
  const table = new ChainTable('nat', baseChains('nat', {}), [fixedChain('KUBE-SERVICES', NO_RULES)], more);
  return { table, asked: () => asked };
}

test('what a walk asks for does not make the chains of Services: base chains, and those of hooks that the table lacks', () => {
  const { table, asked } = natTable();
  expect(table.chain('PREROUTING')?.policy).toBe('ACCEPT');
  expect(table.chain('KUBE-SERVICES')?.name).toBe('KUBE-SERVICES');
  expect(table.chain('FORWARD')).toBeUndefined();
  expect(asked()).toBe(0);
});

test("a Service's chain is found by its name, and listed once after those that are always there", () => {
  const { table, asked } = natTable();
  expect(table.chain(SERVICE_CHAIN.name)).toBe(SERVICE_CHAIN);
  expect(table.chain('KUBE-SVC-BBBBBBBBBBBBBBBB')).toBeUndefined();
  expect(table.chains().map(({ name }) => name)).toEqual([
    'PREROUTING',
    'INPUT',
    'OUTPUT',
    'POSTROUTING',
    'KUBE-SERVICES',
    SERVICE_CHAIN.name,
  ]);
  expect(asked()).toBe(1);
});
