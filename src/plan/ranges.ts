/** Finds room for a larger range. */
import { type Cidr, cidrOf, encloses, formatCidr, type Ipv4, overlaps, parseCidr, sizeOf } from '../model/index.ts';

/** What podCidr and serviceCidr may be cut from: RFC 1918, and shared address space (RFC 6598). */
export const PRIVATE_RANGES: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/**
 * A range of that length which overlaps none of the others: the one around `now` where it lies in `within`, else the first
 * free one. Undefined where there is no room.
 */
export function placeFor(
  prefixLength: number,
  { now, within, apartFrom }: { now?: string; within: readonly string[]; apartFrom: readonly string[] },
): string | undefined {
  const taken = apartFrom.map(cidrOf);
  const rooms = within.map(cidrOf);
  const around = now === undefined ? undefined : parseCidr(`${now.split('/')[0]}/${prefixLength}`);
  if (around !== undefined && rooms.some((room) => encloses(room, around)) && isFree(around, taken))
    return formatCidr(around);
  for (const room of rooms) {
    const found = firstFree(room, prefixLength, taken);
    if (found !== undefined) return formatCidr(found);
  }
  return undefined;
}

function firstFree(room: Cidr, prefixLength: number, taken: readonly Cidr[]): Cidr | undefined {
  if (prefixLength < room.prefixLength) return undefined;
  const end = (room.network as Ipv4) + sizeOf(room);
  for (let network = room.network as Ipv4; network < end; ) {
    const candidate: Cidr = { ...cidrOf(`0.0.0.0/${prefixLength}`), network };
    const obstacle = taken.find((other) => overlaps(candidate, other));
    if (obstacle === undefined) return candidate;
    const behind = (obstacle.network as Ipv4) + sizeOf(obstacle);
    const size = sizeOf(candidate);
    network = Math.max(network + size, Math.ceil(behind / size) * size);
  }
  return undefined;
}

function isFree(candidate: Cidr, taken: readonly Cidr[]): boolean {
  return !taken.some((other) => overlaps(candidate, other));
}
