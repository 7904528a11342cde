/** Who is in a backend pool by its interface: kept up with each interface that is written, so that a packet walks none. */
import type { ResourceManager } from '../../arm/index.ts';
import type { azure } from '../../model/index.ts';

const NOBODY: readonly string[] = [];

export class PoolMembers {
  /** addresses by interface, by pool, in the order in which they came */
  readonly #pools = new Map<string, Map<string, string>>();
  /** the same as lists, made when somebody asks after a change */
  readonly #lists = new Map<string, readonly string[]>();

  constructor({ store }: ResourceManager) {
    store.watch('nic/').subscribe(({ key, value, before }) => {
      const after = membershipsOf(value as azure.NetworkInterface | undefined);
      for (const [pool] of membershipsOf(before as azure.NetworkInterface | undefined))
        if (!after.has(pool)) this.#remove(pool, key);
      for (const [pool, address] of after) this.#add(pool, key, address);
    });
  }

  of(poolId: string): readonly string[] {
    const pool = poolId.toLowerCase();
    const list = this.#lists.get(pool);
    if (list !== undefined) return list;
    const members = this.#pools.get(pool);
    const made = members === undefined ? NOBODY : [...members.values()];
    this.#lists.set(pool, made);
    return made;
  }

  #add(pool: string, nic: string, address: string): void {
    const members = this.#pools.get(pool) ?? new Map<string, string>();
    if (members.get(nic) === address) return;
    this.#pools.set(pool, members.set(nic, address));
    this.#lists.delete(pool);
  }

  #remove(pool: string, nic: string): void {
    this.#pools.get(pool)?.delete(nic);
    this.#lists.delete(pool);
  }
}

/** An interface is in a pool once the write that says so has ended. */
function membershipsOf(nic: azure.NetworkInterface | undefined): ReadonlyMap<string, string> {
  const memberships = new Map<string, string>();
  for (const { properties } of nic?.properties.ipConfigurations ?? []) {
    const { privateIPAddress, loadBalancerBackendAddressPools = [] } = properties;
    if (privateIPAddress === undefined) continue;
    for (const { id } of loadBalancerBackendAddressPools) memberships.set(id.toLowerCase(), privateIPAddress);
  }
  return memberships;
}
