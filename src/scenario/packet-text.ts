/** A packet as one line: `tcp 10.244.0.20:40000 > 10.96.0.60:80`, IPv6 addresses in brackets. */
import {
  type Address,
  familyOf,
  type Packet,
  PROTOCOL_NUMBERS,
  type Protocol,
  parseAddress,
  SYN,
  TCP,
} from '../model/index.ts';

const SHAPE = /^(\w+)\s+(\S+?)\s*>\s*(\S+)$/;
const ENDPOINT = /^(?:\[([0-9a-f:.]+)\]|([\d.]+)):(\d+)$/i;
const PORT_MAX = 65535;
/** net.ipv4.ip_default_ttl */
const DEFAULT_TTL = 64;

/** The first packet of a connection, as the text says, or one sentence on why it says none. */
export function parsePacket(text: string): Packet | string {
  const parts = SHAPE.exec(text.trim());
  if (parts === null) return `${JSON.stringify(text)} is no packet, such as "tcp 10.244.0.20:40000 > 10.96.0.60:80"`;
  const name = parts[1]!.toUpperCase();
  if (!Object.hasOwn(PROTOCOL_NUMBERS, name)) return `${JSON.stringify(parts[1])} is not one of tcp, udp, sctp`;
  const source = endpointOf(parts[2]!);
  const destination = endpointOf(parts[3]!);
  if (typeof source === 'string') return source;
  if (typeof destination === 'string') return destination;
  if (familyOf(source.address) !== familyOf(destination.address))
    return `${parts[2]} and ${parts[3]} are not of one address family`;
  const protocol = PROTOCOL_NUMBERS[name as Protocol];
  return {
    protocol,
    source: source.address,
    sourcePort: source.port,
    destination: destination.address,
    destinationPort: destination.port,
    flags: protocol === TCP ? SYN : 0,
    ttl: DEFAULT_TTL,
  };
}

function endpointOf(text: string): { readonly address: Address; readonly port: number } | string {
  const [, ipv6, ipv4, portText] = ENDPOINT.exec(text) ?? [];
  const address = parseAddress(ipv6 ?? ipv4 ?? '');
  if (address === undefined) return `${JSON.stringify(text)} is no address:port`;
  const port = Number(portText);
  if (port < 1 || port > PORT_MAX) return `port ${portText} is outside 1 to ${PORT_MAX}`;
  return { address, port };
}
