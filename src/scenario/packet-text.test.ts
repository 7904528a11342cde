import { expect, test } from 'vitest';
import { describePacket } from './describe-packet.ts';
import { parsePacket } from './packet-text.ts';

test.each([
  ['tcp 10.244.0.20:40000 > 10.96.0.60:80', 'TCP 10.244.0.20:40000 → 10.96.0.60:80 [SYN]'],
  ['UDP 10.244.0.20:5000>10.96.0.10:53', 'UDP 10.244.0.20:5000 → 10.96.0.10:53'],
  ['sctp [fd00::1]:5000 > [fd00:96::0a]:38412', 'SCTP [fd00::1]:5000 → [fd00:96::a]:38412'],
])('%s', (text, expected) => {
  const packet = parsePacket(text);
  expect(typeof packet === 'string' ? packet : describePacket(packet)).toBe(expected);
});

test.each([
  ['', '"" is no packet, such as "tcp 10.244.0.20:40000 > 10.96.0.60:80"'],
  ['icmp 10.0.0.1:1 > 10.0.0.2:2', '"icmp" is not one of tcp, udp, sctp'],
  ['tcp 10.0.0.01:1 > 10.0.0.2:2', '"10.0.0.01:1" is no address:port'],
  ['tcp fd00::1:1 > [fd00::2]:2', '"fd00::1:1" is no address:port'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:65536', 'port 65536 is outside 1 to 65535'],
  ['tcp 10.0.0.1:1 > [fd00::2]:2', '10.0.0.1:1 and [fd00::2]:2 are not of one address family'],
])('%s is refused', (text, complaint) => expect(parsePacket(text)).toBe(complaint));
