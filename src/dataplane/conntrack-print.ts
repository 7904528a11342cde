/** A connection tracking table as `conntrack -L` (conntrack-tools, libnetfilter_conntrack's default output) prints it. */
import { formatAddress, ICMP, ICMPV6, type Moment, SCTP, TCP, UDP } from '../model/index.ts';
import { addressOfNumber } from './address-numbers.ts';
import type { Connection } from './connection.ts';
import { ASSURED, SEEN_REPLY } from './connection-status.ts';
import type { ConntrackTable } from './conntrack.ts';
import { SCTP_STATES, TCP_STATES } from './conntrack-states.ts';

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  [TCP]: 'tcp',
  [UDP]: 'udp',
  [SCTP]: 'sctp',
  [ICMP]: 'icmp',
  [ICMPV6]: 'icmpv6',
};

/** The lines of `conntrack -L`, without the count that the tool writes to its standard error. */
export function conntrackList(table: ConntrackTable, at: Moment): string {
  let text = '';
  for (const connection of table.connections(at)) text += `${connectionText(table, connection, at)}\n`;
  return text;
}

function connectionText(table: ConntrackTable, connection: Connection, at: Moment): string {
  const { protocol, status } = connection;
  const seconds = Math.floor((connection.expiresAt - at) / 1000);
  const address = (number: number): string => formatAddress(addressOfNumber(table.family, number));
  const tuple = (source: number, destination: number, ports: number): string =>
    `src=${address(source)} dst=${address(destination)} ${portsText(protocol, ports)} `;
  const unreplied = (status & SEEN_REPLY) === 0 ? '[UNREPLIED] ' : '';
  const assured = (status & ASSURED) === 0 ? '' : '[ASSURED] ';
  return (
    `${PROTOCOL_NAMES[protocol]!.padEnd(8)} ${protocol} ${seconds} ${stateText(connection)}` +
    tuple(connection.source, connection.destination, connection.ports) +
    unreplied +
    tuple(connection.replySource, connection.replyDestination, connection.replyPorts) +
    `${assured}mark=${connection.mark} use=1`
  );
}

function stateText(connection: Connection): string {
  if (connection.protocol === TCP) return `${TCP_STATES[connection.state]!} `;
  return connection.protocol === SCTP ? `${SCTP_STATES[connection.state]!} ` : '';
}

function portsText(protocol: number, ports: number): string {
  const first = ports >>> 16;
  const second = ports & 0xffff;
  // An echo's identifier stands where a source port would, its type where a destination port would.
  if (protocol === ICMP || protocol === ICMPV6) return `type=${second} code=0 id=${first}`;
  return `sport=${first} dport=${second}`;
}
