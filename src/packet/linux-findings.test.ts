/** What walking packets through Linux itself has taught: each was a difference that `npm run test:kernel` found. */
import { describe, expect, test } from 'vitest';
import { ACK, SCTP, SYN } from '../model/index.ts';
import { deliver, RULES, segment, tuple, twoNodes } from './testing.ts';

const CLIENT = 'pod/default/client';

describe('as Linux does it', () => {
  test('MASQUERADE lends eth0’s address on lo as well, whose own is of scope host', () => {
    const nodes = twoNodes(RULES.replaceAll('10.244.2.20', '10.10.12.4'));
    const { host, seen } = deliver(nodes, 'node/node1', segment('127.0.0.1:40000', '127.0.0.1:30080'));
    expect(host.name).toBe('node/node1');
    expect(tuple(seen)).toBe('10.10.12.4:40000 > 10.10.12.4:8080');
  });

  test('a packet that comes back to its sender under the sender’s own address is dropped there', () => {
    const rules = RULES.replace('-A KUBE-SEP-B -s 10.244.1.10/32 -j KUBE-MARK-MASQ\n', '').replace(
      '--dport 30080 -j KUBE-EXT-A',
      '--dport 30080 -j KUBE-SVC-B',
    );
    const { verdict, seen } = deliver(twoNodes(rules), CLIENT, segment('10.244.1.10:40000', '10.10.12.5:30080'));
    expect(tuple(seen)).toBe('10.244.1.10:40000 > 10.244.1.10:8080');
    expect(verdict).toEqual({
      verdict: 'dropped',
      host: CLIENT,
      reason: 'martian: the host’s own address from outside',
    });
  });

  test.each([
    [0, 'NEW'],
    [SYN | ACK, 'INVALID'],
  ])('an SCTP association begins with INIT: flags %i are %s', (flags, state) => {
    const packet = { ...segment('10.244.1.10:40000', '10.244.2.20:8080', flags), protocol: SCTP } as const;
    const { trace } = deliver(twoNodes(), CLIENT, packet);
    const states = trace!.steps.flatMap((step) => (step.step === 'conntrack' ? [step.state] : []));
    expect(new Set(states)).toEqual(new Set([state]));
  });
});
