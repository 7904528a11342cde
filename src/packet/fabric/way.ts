/** Where a packet goes on in Azure's fabric, and in which words it is told where it does not. */
import { type Address, azure, cidrOf, contains, formatCidr } from '../../model/index.ts';
import type { Hop, Host } from '../world.ts';
import type { Machines } from './azure-fabric.ts';
import type { EffectiveRoute } from './effective-routes.ts';
import type { PodRange } from './security-check.ts';

/** Where a packet goes on, and what it passes over; a sentence where it does not. */
export type Way = { readonly next: Host; readonly over: string; readonly target: Address } | string;

/** the interface that every machine has in the network */
export const DEVICE = 'eth0';
const EVERYWHERE = cidrOf('0.0.0.0/0');

export function isIn(podRange: PodRange | undefined, address: Address): boolean {
  return podRange?.cidrs.some((cidr) => contains(cidr, address)) === true;
}

/** Where only a route of Azure's own is left for a kubenet pod's address: it leads nowhere, or to the internet. */
export function unknownPod(from: Host, { properties }: azure.Subnet, machines: Machines): string {
  const { routeTable } = properties;
  if (!machines.isNode(from) || routeTable === undefined) return 'no route: kubenet pod address from outside';
  return `no route: route table ${azure.nameInId(routeTable.id)} has no route to it`;
}

export function hopTo(next: Host, over: string): Hop {
  return { device: '', route: { destination: EVERYWHERE, device: '' }, over, next, nextInterface: DEVICE };
}

export function routeText({ prefix, source, name }: EffectiveRoute): string {
  return `${formatCidr(prefix)} (${name ?? source})`;
}
