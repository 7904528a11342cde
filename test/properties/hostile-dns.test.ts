/**
 * Whatever is sent to the name server, it stays up: a reply that any client can read and that is no longer than it may be, or
 * silence. 20,000 packets here, a million with `npm run fuzz:dns`.
 */
import { env } from 'node:process';
import { decode } from 'dns-packet';
import { expect, test } from 'vitest';
import { startServer } from '../../controllers/coredns/index.ts';
import { answer } from '../../controllers/coredns/server.ts';
import { contextFor, factsFor, recordsFor } from '../../controllers/coredns/test-facts.ts';
import { SeededDice } from '../../src/emulator/index.ts';
import { type AskDns, respond } from '../../src/server/index.ts';
import { SEED } from '../support/seed.ts';
import { mutated, QUERIES } from './hostile-dns.ts';

const PACKETS = Number(env['ORRERY_RUNS'] ?? 20_000);
const COREFILE = '.:53 {\n kubernetes cluster.local in-addr.arpa {\n pods insecure\n }\n cache\n loadbalance\n}';

/** A cluster whose `my-db` has so many endpoints that its answers do not fit. */
function asker(): AskDns {
  const endpoints = Array.from({ length: 60 }, (_, i) => `10.244.1.${i + 1}`);
  const services = {
    'default/my-api': recordsFor('default/my-api', '10.96.0.50'),
    'default/my-db': recordsFor('default/my-db', 'None', endpoints),
  };
  const started = startServer(COREFILE);
  if (!started.ok) throw started.error;
  const context = contextFor({ facts: factsFor(services) });
  const connection = { clientPort: 40_000, server: 0, serverPort: 53 };
  return (query, protocol) => answer(started.server, query, { ...context, connection: { ...connection, protocol } });
}

/** As much as the client takes, as an independent reader understands it. */
function sizeOf(bytes: Buffer): number {
  const opt = decode(bytes).additionals?.find(({ type }) => type === 'OPT');
  return opt?.type === 'OPT' ? Math.max(opt.udpPayloadSize, 512) : 512;
}

/** What is wrong with the replies to a packet; undefined where nothing is. */
function complaint(bytes: Buffer, transport: 'udp' | 'tcp', replies: readonly Buffer[]): string | undefined {
  for (const reply of replies) {
    const isLong = transport === 'udp' && reply.length > 512 && reply.length > sizeOf(bytes);
    if (isLong) return `a reply of ${reply.length} bytes`;
    if (reply.readUInt16BE(0) !== bytes.readUInt16BE(0)) return 'a reply with another id';
    if (decode(reply).type !== 'response') return 'a reply that is no response';
  }
  return undefined;
}

test('the packets that are mutated are answered', () => {
  const ask = asker();
  for (const query of QUERIES) expect(respond(query, 'tcp', 40_000, ask).length).toBe(1);
});

test(`${PACKETS} mutated packets`, () => {
  const ask = asker();
  const dice = new SeededDice(SEED);
  let answered = 0;
  for (let i = 0; i < PACKETS; i++) {
    const bytes = mutated(dice);
    const transport = dice.below(8) === 0 ? 'tcp' : 'udp';
    try {
      const replies = respond(bytes, transport, 40_000, ask);
      expect(complaint(bytes, transport, replies)).toBeUndefined();
      answered += replies.length;
    } catch (error) {
      throw new Error(`packet ${i} of seed ${SEED} over ${transport}: ${bytes.toString('hex')}`, { cause: error });
    }
  }
  // Were nearly all of them dropped at the door, nothing would have been tried.
  expect(answered).toBeGreaterThan(PACKETS / 4);
});
