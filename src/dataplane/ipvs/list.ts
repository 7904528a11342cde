/** Virtual servers as `ipvsadm -Ln` (1.31) prints them. Source: ipvsadm.c (print_service_entry), libipvs.c (ipvs_cmp_services). */
import { type Address, formatEndpoint } from '../../model/index.ts';
import { numberOfAddress, wordsOfIpv6 } from '../address-numbers.ts';
import {
  ipvsProtocolName,
  PERSISTENT,
  type RealServer,
  SCHEDULER_HASHES_PORT,
  type VirtualServer,
  type VirtualServers,
} from './virtual-server.ts';

/** Version of the kernel's IPVS, and the size of its connection table unless a module option says otherwise. */
const TITLE = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`;

/** ipvsadm takes the difference of 32-bit words as a signed integer: words more than 2^31 apart come the other way round. */
function compareWords(a: number, b: number): number {
  return (a - b) | 0;
}

function compareAddresses(a: Address, b: Address): number {
  if (typeof a === 'number' || typeof b === 'number') return compareWords(numberOfAddress(a), numberOfAddress(b));
  const [wordsA, wordsB] = [wordsOfIpv6(numberOfAddress(a)), wordsOfIpv6(numberOfAddress(b))];
  for (let i = 0; i < 4; i++) {
    const difference = compareWords(wordsA[i]!, wordsB[i]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** IPv4 goes before IPv6, then by protocol number, address and port. */
function compareServers(a: VirtualServer, b: VirtualServer): number {
  const family = Number(typeof a.address === 'string') - Number(typeof b.address === 'string');
  return family || a.protocol - b.protocol || compareAddresses(a.address, b.address) || a.port - b.port;
}

function flagsText({ scheduler, flags, timeoutSeconds }: VirtualServer): string {
  const hashing = (flags & SCHEDULER_HASHES_PORT) === 0 ? '' : ` (${flagName(scheduler)})`;
  return hashing + ((flags & PERSISTENT) === 0 ? '' : ` persistent ${timeoutSeconds}`);
}

/** The second of the flags whose meaning is the scheduler's. */
function flagName(scheduler: string): string {
  return scheduler === 'sh' || scheduler === 'mh' ? `${scheduler}-port` : 'flag-2';
}

/** kube-proxy's real servers are all reached by translation: `Masq`. */
function realServerText({ address, port, weight, activeConnections, inactiveConnections }: RealServer): string {
  const columns = [
    formatEndpoint(address, port).padEnd(28),
    'Masq'.padEnd(7),
    `${weight}`.padEnd(6),
    `${activeConnections}`.padEnd(10),
    `${inactiveConnections}`.padEnd(10),
  ];
  return `  -> ${columns.join(' ')}\n`;
}

function virtualServerText(server: VirtualServer): string {
  const { address, port, protocol, scheduler, realServers } = server;
  const real = [...realServers.values()].sort((a, b) => compareAddresses(a.address, b.address) || a.port - b.port);
  const head = `${ipvsProtocolName(protocol)}  ${formatEndpoint(address, port)} ${scheduler}${flagsText(server)}\n`;
  return head + real.map(realServerText).join('');
}

/** The whole of `ipvsadm -Ln`, title included. */
export function ipvsadmList(servers: VirtualServers): string {
  return TITLE + [...servers.values()].sort(compareServers).map(virtualServerText).join('');
}
