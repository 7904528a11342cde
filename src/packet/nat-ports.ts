/**
 * The search for a source port that no other connection uses, as nf_nat_l4proto_unique_tuple does it
 * (net/netfilter/nf_nat_core.c): from a random place in the range, a bounded number of ports, then from another place.
 */
import type { Connection } from '../dataplane/index.ts';
import { ICMP, ICMPV6 } from '../model/index.ts';
import type { Flight } from './flight.ts';
import { tupleInUse } from './tracking.ts';

const ATTEMPTS_MAX = 128;
const ATTEMPTS_MIN = 16;

/** The first port and the number of ports that may stand in for `port`: privileged ones stay privileged. */
function rangeFor(connection: Connection, port: number): readonly [number, number] {
  if (connection.protocol === ICMP || connection.protocol === ICMPV6) return [0, 65536];
  if (port < 512) return [1, 511];
  return port < 1024 ? [600, 424] : [1024, 64512];
}

/**
 * Sets the port that replies come to. Leaves the last one tried when none is free: the packet is then dropped where its
 * connection is to be confirmed.
 */
export function findFreePort(flight: Flight, connection: Connection): void {
  const isEcho = connection.protocol === ICMP || connection.protocol === ICMPV6;
  const [first, size] = rangeFor(connection, connection.ports >>> 16);
  const setPort = (port: number): void => {
    connection.replyPorts = isEcho
      ? (port << 16) | (connection.replyPorts & 0xffff)
      : (connection.replyPorts & ~0xffff) | port;
  };
  for (let attempts = Math.min(size, ATTEMPTS_MAX); ; attempts >>= 1) {
    const offset = flight.chance.dice.below(65536);
    for (let i = 0; i < attempts; i++) {
      setPort(first + ((offset + i) % size));
      if (!tupleInUse(flight, connection)) return;
    }
    if (attempts >= size || attempts < ATTEMPTS_MIN) return;
  }
}
