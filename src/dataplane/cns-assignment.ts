/**
 * CNS hands a node's addresses to its pods: one of each family that the network containers hold, all or none.
 * Source: Azure/azure-container-networking cns/restserver/ipam.go (`requestIPConfigsHelper`, `AssignAvailableIPConfigs`,
 * `AssignDesiredIPConfigs`, `releaseIPConfigs`, `MarkIPAsPendingRelease`, `MarkNIPsPendingRelease`,
 * `MarkExistingIPsAsPendingRelease`). Where it takes any one of a Go map, these take the next of the pool's order.
 */
import { type Address, type Family, familyOf, formatAddress, type Key } from '../model/index.ts';
import type { CnsAddress, CnsPool } from './cns-pool.ts';
import type { Dataplane } from './dataplane.ts';
import type { PodNetwork } from './pod-networks.ts';
import { hasDefect } from './unfixed.ts';

/** What CNS knows a sandbox as: its container, which is another one each time; before the fix of 885 its pod's name. */
export function holderOf(
  { createdAt = 0, pod, uid }: Pick<PodNetwork, 'createdAt' | 'pod' | 'uid'>,
  dataplane: Pick<Dataplane, 'file'>,
): string {
  return hasDefect(dataplane, 885) ? pod : `${uid}@${createdAt}`;
}

export type Assignment =
  | { readonly ok: true; readonly pool: CnsPool; readonly addresses: readonly Address[] }
  | { readonly ok: false; readonly error: string };

export const NO_NETWORK_CONTAINER = 'no NCs found in the CNS internal state';

/** The addresses that the pod holds already, or those it wants, or any that are free. */
export function requestAddresses(pool: CnsPool, pod: Key, desired: readonly Address[] = []): Assignment {
  const held = heldBy(pool, pod);
  if (held.length > 0) return { ok: true, pool, addresses: held };
  if (pool.containers.length === 0) return { ok: false, error: NO_NETWORK_CONTAINER };
  return desired.length === 0 ? assignAvailable(pool, pod) : assignDesired(pool, pod, desired);
}

function heldBy(pool: CnsPool, pod: Key): readonly Address[] {
  const held: Address[] = [];
  for (const [address, { state, pod: holder }] of pool.addresses) {
    if (state === 'Assigned' && holder === pod) held.push(address);
  }
  return held;
}

function assignAvailable(pool: CnsPool, pod: Key): Assignment {
  const families = new Set(Array.from(pool.addresses.keys(), familyOf));
  const found = new Map<string, Address>();
  for (const address of fromCursor(pool)) {
    const { state, container } = pool.addresses.get(address)!;
    const place = `${container} ${familyOf(address)}`;
    if (state === 'Available' && !found.has(place)) found.set(place, address);
    if (found.size === families.size) break;
  }
  if (found.size < families.size || found.size === 0) return { ok: false, error: shortage(pool, families, found) };
  const addresses = [...found.values()].sort((a, b) => familyOf(a) - familyOf(b));
  return { ok: true, pool: assigned(pool, pod, addresses), addresses };
}

/** The pool's addresses from behind the one handed out last, going round. */
function fromCursor({ addresses, last }: CnsPool): readonly Address[] {
  const order = [...addresses.keys()];
  const start = last === undefined ? 0 : order.indexOf(last) + 1;
  return [...order.slice(start), ...order.slice(0, start)];
}

/** Names the first container and family that has none left. */
function shortage({ containers }: CnsPool, families: ReadonlySet<Family>, found: ReadonlyMap<string, Address>): string {
  const wanted = families.size === 0 ? [4] : [...families];
  const places = containers.flatMap((container) => wanted.map((family) => ({ container, family })));
  const { container, family } = places.find((place) => !found.has(`${place.container.id} ${place.family}`))!;
  return (
    `not enough IPs available of type IPv${family} for ${container.id}, ` +
    `waiting on Azure CNS to allocate more with NC Status: ${container.status}`
  );
}

function assignDesired(pool: CnsPool, pod: Key, desired: readonly Address[]): Assignment {
  for (const address of desired) {
    const { state } = pool.addresses.get(address) ?? {};
    if (state === undefined) return { ok: false, error: 'not enough desired IPs found in pool' };
    if (state === 'Assigned')
      return {
        ok: false,
        error: `[AssignDesiredIPConfigs] Desired IP is already assigned ${formatAddress(address)}, requested for pod ${pod}`,
      };
    // What is not programmed yet may be asked for by name: so does CNS itself, for pods that had theirs before it started.
    if (state === 'PendingRelease') return { ok: false, error: 'IP not available' };
  }
  return { ok: true, pool: assigned(pool, pod, desired), addresses: desired };
}

function assigned(pool: CnsPool, pod: Key, addresses: readonly Address[]): CnsPool {
  const last = addresses.at(-1);
  const next = changed(pool, addresses, ({ container }) => ({ container, state: 'Assigned', pod }));
  return last === undefined ? next : { ...next, last };
}

/** Gives back what the pod holds; nothing where it holds nothing. */
export function releaseAddresses(pool: CnsPool, pod: Key): CnsPool {
  return changed(pool, heldBy(pool, pod), ({ container }) => ({ container, state: 'Available' }));
}

/** Addresses that could be given back, those that are not programmed yet first. */
function releasable({ addresses }: CnsPool): readonly Address[] {
  const inState = (wanted: CnsAddress['state']) =>
    [...addresses].filter(([, { state }]) => state === wanted).map(([address]) => address);
  return [...inState('PendingProgramming'), ...inState('Available')];
}

/** Marks up to `count` addresses as pending release, and says which. */
export function markPendingRelease(
  pool: CnsPool,
  count: number,
): { readonly pool: CnsPool; readonly marked: readonly Address[] } {
  const marked = releasable(pool).slice(0, Math.max(0, count));
  return { pool: markedAs(pool, marked), marked };
}

/** Version 2's way: all of them, or none. */
export function markExactlyPendingRelease(pool: CnsPool, count: number): CnsPool | { readonly error: string } {
  const marked = releasable(pool).slice(0, Math.max(0, count));
  return marked.length < count ? { error: 'unable to release requested number of IPs' } : markedAs(pool, marked);
}

/** What a NodeNetworkConfig lists as not in use when CNS starts. Unknown addresses are passed over. */
export function markExistingPendingRelease(
  pool: CnsPool,
  addresses: readonly Address[],
): CnsPool | { readonly error: string } {
  const known = addresses.filter((address) => pool.addresses.has(address));
  const taken = known.find((address) => pool.addresses.get(address)!.state === 'Assigned');
  if (taken !== undefined)
    return { error: `Failed to mark IP [${formatAddress(taken)}] as pending, currently assigned` };
  return markedAs(pool, known);
}

function markedAs(pool: CnsPool, addresses: readonly Address[]): CnsPool {
  return changed(pool, addresses, ({ container }) => ({ container, state: 'PendingRelease' }));
}

function changed(pool: CnsPool, addresses: readonly Address[], change: (before: CnsAddress) => CnsAddress): CnsPool {
  if (addresses.length === 0) return pool;
  const next = new Map(pool.addresses);
  for (const address of addresses) next.set(address, change(next.get(address)!));
  return { ...pool, addresses: next };
}
