/**
 * The pools of the azure-vnet-ipam plugin, which hands a node's own secondary addresses to its pods (Node Subnet).
 * Source: Azure/azure-container-networking ipam/pool.go (`requestPool`, `releasePool`, `requestAddress`, `releaseAddress`) and
 * ipam/api.go. Where it goes through a Go map, these go through the pool's order.
 */

export interface PoolAddress {
  readonly ip: string;
  /** the caller's name for it, under which it finds it again; empty where none was given */
  readonly id?: string;
  readonly inUse: boolean;
}

export interface AddressPool {
  readonly id: string;
  readonly interfaceName?: string;
  readonly isIPv6?: boolean;
  readonly priority?: number;
  /** above 0: some network uses the pool */
  readonly refCount?: number;
  readonly gateway?: string;
  readonly addresses: readonly PoolAddress[];
}

export interface PoolWanted {
  readonly poolId?: string;
  readonly interfaceName?: string;
  readonly isIPv6?: boolean;
}

export interface AddressWanted {
  readonly address?: string;
  readonly id?: string;
  readonly type?: 'gateway';
}

export type PoolResult =
  | { readonly ok: true; readonly pool: AddressPool }
  | { readonly ok: false; readonly error: string };
export type AddressResult =
  | { readonly ok: true; readonly pool: AddressPool; readonly address: string }
  | { readonly ok: false; readonly error: string };

const POOL_NOT_FOUND = 'Address pool not found';
const NO_POOL = 'no available address pools';
const ADDRESS_NOT_FOUND = 'Address not found';
const ADDRESS_IN_USE = 'Address already in use';
export const NO_ADDRESS = 'No available addresses';

/** The pool of that id, or of those that nobody uses the one of the highest priority, and of these the largest. */
export function requestPool(pools: readonly AddressPool[], wanted: PoolWanted): PoolResult {
  const { poolId = '' } = wanted;
  const chosen = poolId === '' ? choosePool(pools, wanted) : pools.find(({ id }) => id === poolId);
  if (chosen === undefined) return { ok: false, error: poolId === '' ? NO_POOL : POOL_NOT_FOUND };
  // A pool that was free but for its count has been released on the way, and is taken anew.
  return { ok: true, pool: (chosen.refCount ?? 0) === 0 ? { ...chosen, refCount: 1 } : chosen };
}

function choosePool(pools: readonly AddressPool[], wanted: PoolWanted): AddressPool | undefined {
  let best: AddressPool | undefined;
  for (const pool of pools) {
    if (isUsed(pool) || (pool.isIPv6 ?? false) !== (wanted.isIPv6 ?? false)) continue;
    if (wanted.interfaceName !== undefined && wanted.interfaceName !== (pool.interfaceName ?? '')) continue;
    const ahead = (pool.priority ?? 0) - (best?.priority ?? 0);
    const larger = pool.addresses.length > (best?.addresses.length ?? 0);
    if (best === undefined || ahead > 0 || (ahead === 0 && larger)) best = pool;
  }
  return best;
}

function isUsed({ refCount = 0, addresses }: AddressPool): boolean {
  return refCount > 0 && addresses.some(isTaken);
}

function isTaken({ inUse, id = '' }: PoolAddress): boolean {
  return inUse || id !== '';
}

/** The pool is free again, unless one of its addresses is in use. */
export function releasePool(pools: readonly AddressPool[], poolId: string): PoolResult {
  const pool = pools.find(({ id }) => id === poolId);
  if (pool === undefined) return { ok: false, error: POOL_NOT_FOUND };
  return { ok: true, pool: pool.addresses.some(isTaken) ? pool : { ...pool, refCount: 0 } };
}

/** The address asked for, that of the caller's id, or any that is free. */
export function requestAddress(pool: AddressPool, wanted: AddressWanted): AddressResult {
  const { address = '', id = '', type } = wanted;
  if (address === '' && type === 'gateway') return { ok: true, pool, address: pool.gateway ?? '' };
  const named = address === '' ? undefined : pool.addresses.find(({ ip }) => ip === address);
  if (address !== '' && named === undefined) return { ok: false, error: ADDRESS_NOT_FOUND };
  if (named?.inUse === true && (id === '' || id !== named.id)) return { ok: false, error: ADDRESS_IN_USE };
  const own = id === '' ? undefined : pool.addresses.find((each) => each.id === id);
  const found = named ?? own ?? pool.addresses.find((each) => !isTaken(each));
  if (found === undefined) return { ok: false, error: NO_ADDRESS };
  const taken: PoolAddress = { ...found, ...(id === '' ? {} : { id }), inUse: true };
  return { ok: true, pool: replaced(pool, taken), address: found.ip };
}

/** Gives back an address, by itself or by the caller's id. What is not there, or not in use, is passed over in silence. */
export function releaseAddress(pool: AddressPool, { address = '', id = '' }: AddressWanted): AddressPool {
  const found = pool.addresses.find((each) => (address === '' ? id !== '' && each.id === id : each.ip === address));
  if (found === undefined || !found.inUse || (id !== '' && id !== found.id)) return pool;
  // Released without its id, an address keeps it, and stays out of reach of those who ask for any.
  if (id === '') return replaced(pool, { ...found, inUse: false });
  return replaced(pool, { ip: found.ip, inUse: false });
}

function replaced(pool: AddressPool, address: PoolAddress): AddressPool {
  return { ...pool, addresses: pool.addresses.map((each) => (each.ip === address.ip ? address : each)) };
}
