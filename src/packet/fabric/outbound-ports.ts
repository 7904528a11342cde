/**
 * How many source ports each machine of a pool may use towards the internet, and which.
 * Source: https://learn.microsoft.com/azure/load-balancer/outbound-rules, /azure/load-balancer/load-balancer-outbound-connections
 */

/** that an address has for outbound flows */
export const PORTS_PER_ADDRESS = 64_000;
const FIRST_PORT = 1024;
/** what ports are given out in */
export const PORT_BLOCK = 8;
const AUTOMATIC_PORTS_MAX = 1024;

/** By the size of the pool, for each address: pools of up to so many machines get so many ports each. */
const AUTOMATIC_PORTS: readonly (readonly [machines: number, ports: number])[] = [
  [50, 1024],
  [100, 512],
  [200, 256],
  [400, 128],
  [800, 64],
  [1000, 32],
];

/** Ports of one machine without an allocation of one's own, over all addresses; 0 beyond 1,000 machines. */
export function automaticPorts(machines: number, addresses: number): number {
  const row = AUTOMATIC_PORTS.find(([most]) => machines <= most);
  return row === undefined ? 0 : Math.min(row[1] * addresses, AUTOMATIC_PORTS_MAX);
}

/** How many machines an allocation of so many ports each can serve. */
export function machinesServed(portsEach: number, addresses: number): number {
  return Math.floor((PORTS_PER_ADDRESS * addresses) / portsEach);
}

/** Ports `first` to `last`, both included, of the address with that index. */
export interface PortRange {
  readonly address: number;
  readonly first: number;
  readonly last: number;
}

/**
 * The ranges of the machine that is `place`th in its pool, in the order in which they are used; none where ports have run out.
 * An allocation is spread over all addresses alike, as automatic ones are.
 */
export function portRanges(place: number, portsEach: number, addresses: number): readonly PortRange[] {
  const perAddress = Math.floor(portsEach / addresses / PORT_BLOCK) * PORT_BLOCK;
  if (perAddress === 0) return rangesOfOne(place, portsEach, addresses);
  if ((place + 1) * perAddress > PORTS_PER_ADDRESS) return [];
  const first = FIRST_PORT + place * perAddress;
  return Array.from({ length: addresses }, (_, address) => ({ address, first, last: first + perAddress - 1 }));
}

/** Fewer ports than blocks on every address: each machine has its block on one of them. */
function rangesOfOne(place: number, portsEach: number, addresses: number): readonly PortRange[] {
  const address = place % addresses;
  const first = FIRST_PORT + Math.floor(place / addresses) * portsEach;
  const last = first + portsEach - 1;
  return last < FIRST_PORT + PORTS_PER_ADDRESS && portsEach > 0 ? [{ address, first, last }] : [];
}
