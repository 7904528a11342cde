/** What can run out: a space, who has taken how much of it, and for what. */

export type SpaceKind =
  /** addresses of a subnet */
  | 'subnet'
  /** addresses of podCidr */
  | 'podCidr'
  /** addresses of serviceCidr */
  | 'serviceCidr'
  /** routes of kubenet's table */
  | 'routes'
  /** nodes that AKS allows, in a pool or a cluster */
  | 'nodes'
  /** pods that the nodes of a pool may run */
  | 'maxPods';

export interface Space {
  readonly kind: SpaceKind;
  /** `subnet aks`, `podCidr`, `maxPods of nodepool1` */
  readonly name: string;
  /** `10.10.12.0/24`, where it is a range of addresses */
  readonly range?: string;
  /** the setting that decides its size: `virtualNetwork.subnets[0].addressPrefix`; none where AKS itself does */
  readonly setting?: string;
  /** addresses, or whatever else is counted here; `maxPods` grows with the nodes */
  readonly size: number;
}

/** What one taker has of a space. `reserved` holds the other two; what is neither used nor wasted is idle. */
export interface Share {
  readonly taker: string;
  readonly reserved: number;
  /** by a node, a pod or a Service that is there */
  readonly used: number;
  /** by nobody, ever: what rounding leaves over */
  readonly wasted: number;
}

export interface SpaceUse {
  readonly space: Space;
  readonly shares: readonly Share[];
  /** could still be reserved */
  readonly free: number;
}

/** Who took what of one space, while a plan grows. */
export class SpaceLedger {
  readonly space: Space;
  #size: number;
  #free: number;
  readonly #shares = new Map<string, { reserved: number; used: number; wasted: number }>();

  constructor(space: Space) {
    this.space = space;
    this.#size = space.size;
    this.#free = space.size;
  }

  get free(): number {
    return this.#free;
  }

  isTakenBy(taker: string): boolean {
    return this.#shares.has(taker);
  }

  /** There is so much more of it: another node's maxPods. */
  extend(by: number): void {
    this.#size += by;
    this.#free += by;
  }

  /** Reserves without asking whether there is room: callers ask `free` before. */
  take(taker: string, { reserved = 0, used = 0, wasted = 0 }: Partial<Omit<Share, 'taker'>>): void {
    const share = this.#shares.get(taker) ?? { reserved: 0, used: 0, wasted: 0 };
    share.reserved += reserved;
    share.used += used;
    share.wasted += wasted;
    this.#shares.set(taker, share);
    this.#free -= reserved;
  }

  report(): SpaceUse {
    const shares = [...this.#shares].map(([taker, share]) => ({ taker, ...share }));
    return { space: { ...this.space, size: this.#size }, shares, free: this.#free };
  }
}
