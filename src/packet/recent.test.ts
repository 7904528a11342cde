import { expect, test } from 'vitest';
import { RecentLists } from './recent.ts';

test('an address is seen until so many seconds after the last time', () => {
  const lists = new RecentLists();
  lists.set('KUBE-SEP-A', 7, 1000);
  expect(lists.seen('KUBE-SEP-A', 7, 10, 11_000)).toBe(true);
  expect(lists.seen('KUBE-SEP-A', 7, 10, 11_001)).toBe(false);
  expect(lists.seen('KUBE-SEP-A', 7, undefined, 1e9)).toBe(true);
  expect(lists.seen('KUBE-SEP-B', 7, 10, 1000)).toBe(false);
  lists.set('KUBE-SEP-A', 7, 11_001);
  expect(lists.seen('KUBE-SEP-A', 7, 10, 11_002)).toBe(true);
});

test('a list holds a hundred addresses; the one not seen for longest makes room', () => {
  const lists = new RecentLists();
  for (let address = 0; address < 100; address++) lists.set('A', address, address);
  lists.set('A', 0, 100);
  lists.set('A', 100, 101);
  expect([0, 1, 2, 100].map((address) => lists.seen('A', address, undefined, 200))).toEqual([true, false, true, true]);
});

test('a clone goes its own way', () => {
  const lists = new RecentLists();
  lists.set('A', 1, 0);
  const copy = lists.clone();
  copy.set('A', 2, 0);
  expect([lists.seen('A', 2, 5, 0), copy.seen('A', 1, 5, 0)]).toEqual([false, true]);
});
