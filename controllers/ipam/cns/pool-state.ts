/** The pool that CNS makes of its node's network container, and what becomes of it when the container changes. */
import type { CnsAddress, CnsPool } from '../../../src/dataplane/index.ts';
import { type Address, type NetworkContainer, type NodeNetworkConfig, parseAddress } from '../../../src/model/index.ts';
import { convertDynamic, convertStatic, podAddresses } from './network-container.ts';

const ON_AKS = { swiftV2: false, ipv6PrefixClamp: 0 } as const;

/** The container with everything it gives to pods; undefined before DNC has made one. */
export function containerOf(config: NodeNetworkConfig | undefined): NetworkContainer | undefined {
  const container = config?.status?.networkContainers?.[0];
  return container?.primaryIP === undefined ? undefined : container;
}

function addressesOf(container: NetworkContainer): Iterable<Address> {
  const converted =
    container.assignmentMode === 'static' ? convertStatic(container, ON_AKS) : convertDynamic(container);
  return converted.ok ? podAddresses(converted.request) : [];
}

export interface PoolFacts {
  readonly container: NetworkContainer;
  /** false where it is that of an earlier node: the virtual network never programs it for this one */
  readonly isOwn: boolean;
  /** whether an address stays with the container that it was first seen in (a defect) */
  readonly keepsStale: boolean;
  readonly before: CnsPool | undefined;
  /** names of assignments that are being given back */
  readonly notInUse: ReadonlySet<string>;
}

/**
 * The pool as the container says. What is new waits to be programmed; what is gone goes, unless a pod still has it. `before`
 * undefined: CNS has just started. It goes by what the spec lists as not in use, and lets no pod come before the virtual network
 * has programmed the rest.
 */
export function poolOf({ container, isOwn, keepsStale, before, notInUse }: PoolFacts): CnsPool {
  const id = container.id ?? '';
  const addresses = new Map<Address, CnsAddress>();
  const released = before === undefined ? namedAddresses(container, notInUse) : new Set<Address>();
  const fresh = before === undefined && isOwn ? 'Available' : 'PendingProgramming';
  for (const address of addressesOf(container)) {
    const state = released.has(address) ? 'PendingRelease' : fresh;
    const held = before?.addresses.get(address);
    const isKept = held?.container === id || held?.state === 'Assigned' || keepsStale;
    addresses.set(address, held !== undefined && isKept ? held : { container: id, state });
  }
  for (const [address, held] of before?.addresses ?? [])
    if (held.state === 'Assigned' && !addresses.has(address)) addresses.set(address, held);
  const containers = [{ id, status: container.status ?? '' }];
  return before?.last === undefined ? { containers, addresses } : { containers, addresses, last: before.last };
}

function namedAddresses({ ipAssignments = [] }: NetworkContainer, names: ReadonlySet<string>): ReadonlySet<Address> {
  const listed = ipAssignments.filter(({ name }) => names.has(name)).map(({ ip }) => parseAddress(ip));
  return new Set(listed.filter((address) => address !== undefined));
}

/** Names of the assignments that are pending release: what a spec lists as not in use. */
export function namesPendingRelease({ ipAssignments = [] }: NetworkContainer, pool: CnsPool): readonly string[] {
  return ipAssignments
    .filter(({ ip }) => pool.addresses.get(parseAddress(ip) ?? '')?.state === 'PendingRelease')
    .map(({ name }) => name);
}

/** Everything of this container that waited to be programmed is available. */
export function programmed(pool: CnsPool, id: string): CnsPool {
  const addresses = new Map(pool.addresses);
  for (const [address, { container, state }] of addresses)
    if (state === 'PendingProgramming' && container === id) addresses.set(address, { container, state: 'Available' });
  return { ...pool, addresses };
}

/** Whether addresses of this container still wait to be programmed. */
export function isBeingProgrammed({ addresses }: CnsPool, id: string): boolean {
  for (const { container, state } of addresses.values())
    if (state === 'PendingProgramming' && container === id) return true;
  return false;
}

export function countIn({ addresses }: CnsPool, state: CnsAddress['state']): number {
  let count = 0;
  for (const held of addresses.values()) if (held.state === state) count++;
  return count;
}

/** Whether two pools hold the same, in the same states. */
export function samePool(a: CnsPool, b: CnsPool): boolean {
  if (a.addresses.size !== b.addresses.size || a.containers[0]?.status !== b.containers[0]?.status) return false;
  if (a.containers[0]?.id !== b.containers[0]?.id) return false;
  for (const [address, held] of a.addresses) {
    const other = b.addresses.get(address);
    if (other?.state !== held.state || other.container !== held.container) return false;
  }
  return true;
}
