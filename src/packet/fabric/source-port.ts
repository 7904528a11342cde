/** Source NAT of the fabric: an outbound method lends a flow an address and a port, as long as one is free towards its destination. */
import { type Connection, numberOfAddress, SOURCE_NAT, SOURCE_NAT_DONE } from '../../dataplane/index.ts';
import type { Flight } from '../flight.ts';
import { tupleInUse } from '../tracking.ts';
import type { OutboundMethod } from './outbound.ts';

function setReplyPort(connection: Connection, port: number): void {
  connection.replyPorts = (connection.replyPorts & ~0xffff) | port;
}

/**
 * Gives the flight's connection a source of the method's; false where all its ports are taken by flows to the same address and
 * port (and protocol), which is what exhausts them.
 */
export function takeSource(flight: Flight, { sources, isOneToOne }: OutboundMethod): boolean {
  const { connection } = flight;
  if (connection === undefined) return false;
  if ((connection.status & SOURCE_NAT_DONE) !== 0) return true;
  const { replyDestination, replyPorts } = connection;
  for (const { address, first, last } of sources) {
    connection.replyDestination = numberOfAddress(address);
    for (let port = isOneToOne ? flight.sourcePort : first; port <= last; port++) {
      setReplyPort(connection, port);
      if (tupleInUse(flight, connection)) continue;
      connection.status |= SOURCE_NAT | SOURCE_NAT_DONE;
      flight.translatedBy = 'SNAT';
      return true;
    }
  }
  connection.replyDestination = replyDestination;
  connection.replyPorts = replyPorts;
  return false;
}
