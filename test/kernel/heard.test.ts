import { describe, expect, test } from 'vitest';
import { areSame, type Heard } from './heard.ts';

const QUESTION: Heard = {
  namespace: 'pod/default/a',
  what: 'flags 2',
  ttl: 62,
  protocol: 6,
  source: '10.10.12.4',
  sourcePort: 41_000,
  destination: '10.244.1.5',
  destinationPort: 8080,
};
const ANSWER: Heard = {
  ...QUESTION,
  namespace: 'node/node1',
  what: 'flags 18',
  sourcePort: 80,
  destinationPort: 33_001,
};

describe('two sides are the same', () => {
  test('in any order, and only with nothing left over on either side', () => {
    expect(areSame([ANSWER, QUESTION], [QUESTION, ANSWER])).toBe(true);
    expect(areSame([QUESTION], [QUESTION, ANSWER])).toBe(false);
    expect(areSame([QUESTION, QUESTION], [QUESTION])).toBe(false);
    expect(areSame([], [])).toBe(true);
  });

  test.each([
    ['namespace', 'pod/default/b'],
    ['what', 'flags 20'],
    ['ttl', 63],
    ['protocol', 17],
    ['source', '10.10.12.5'],
    ['sourcePort', 41_001],
    ['destination', '10.244.1.6'],
    ['destinationPort', 8081],
  ])('not where %s differs', (field, value) => {
    expect(areSame([{ ...QUESTION, [field]: value }], [QUESTION])).toBe(false);
  });

  test('an error is the same only if it quotes the same packet', () => {
    const { protocol, source, sourcePort, destination, destinationPort } = QUESTION;
    const about = { protocol, source, sourcePort, destination, destinationPort };
    const error: Heard = { ...ANSWER, what: 'icmp 3 3', about };
    expect(areSame([error], [error])).toBe(true);
    expect(areSame([error], [{ ...error, about: { ...about, destination: '10.96.0.1' } }])).toBe(false);
    expect(areSame([{ ...ANSWER, what: 'icmp 3 3' }], [error])).toBe(false);
  });
});
