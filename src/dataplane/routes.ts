/**
 * Routes of a host, as `ip route` prints them, and the longest prefix's choice among them. Sources: ip-route(8); for the
 * shape of an Azure node and pod: transparent_endpointclient_linux.go (azure-container-networking) and the AKS networking FAQ.
 */
import { type Address, type Cidr, contains, formatAddress, formatCidr } from '../model/index.ts';

export interface Route {
  /** prefix length 0: the default route */
  readonly destination: Cidr;
  readonly device: string;
  readonly via?: Address;
  /** the address that a process takes when it has bound none */
  readonly source?: Address;
  readonly protocol?: 'kernel' | 'dhcp' | 'static';
  readonly scope?: 'link' | 'host';
  readonly metric?: number;
}

/** The route of the longest prefix that holds the address; of two alike, the one with the lower metric, then the first. */
export function longestPrefix(routes: readonly Route[], address: Address): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    if (!contains(route.destination, address)) continue;
    if (best === undefined || isBetter(route, best)) best = route;
  }
  return best;
}

function isBetter(a: Route, b: Route): boolean {
  const longer = a.destination.prefixLength - b.destination.prefixLength;
  return longer > 0 || (longer === 0 && (a.metric ?? 0) < (b.metric ?? 0));
}

function isWhole(cidr: Cidr): boolean {
  return cidr.prefixLength === (cidr.family === 4 ? 32 : 128);
}

function destinationText(cidr: Cidr): string {
  if (cidr.prefixLength === 0) return 'default';
  return isWhole(cidr) ? formatAddress(cidr.network) : formatCidr(cidr);
}

/** One line of `ip route`, less its end of line: `default via 10.10.12.1 dev eth0 proto dhcp src 10.10.12.4 metric 100`. */
export function routeText(route: Route): string {
  const words = [destinationText(route.destination)];
  if (route.via !== undefined) words.push(`via ${formatAddress(route.via)}`);
  words.push(`dev ${route.device}`);
  if (route.protocol !== undefined) words.push(`proto ${route.protocol}`);
  if (route.scope !== undefined) words.push(`scope ${route.scope}`);
  if (route.source !== undefined) words.push(`src ${formatAddress(route.source)}`);
  if (route.metric !== undefined) words.push(`metric ${route.metric}`);
  return words.join(' ');
}

/** As `ip route` lists them: by address, as the kernel's trie is walked; IPv6 routes keep the order given. */
export function ipRoute(routes: readonly Route[]): string {
  const sorted = [...routes].sort(
    (a, b) =>
      compareAddresses(a.destination.network, b.destination.network) ||
      b.destination.prefixLength - a.destination.prefixLength,
  );
  return sorted.map((route) => `${routeText(route)}\n`).join('');
}

function compareAddresses(a: Address, b: Address): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : 0;
}
