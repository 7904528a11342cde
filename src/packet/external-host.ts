/** Somebody outside of the cluster, known by address: in the VNet or on the internet. Takes what comes to its address. */
import type { Route } from '../dataplane/index.ts';
import { type Address, cidrOf, familyOf, formatAddress } from '../model/index.ts';
import type { ClusterWorld } from './cluster-world.ts';
import { isLoopback } from './loopback.ts';
import { RecentLists } from './recent.ts';
import type { Hop, Host } from './world.ts';

const DEVICE = 'eth0';
const EVERYWHERE = { 4: cidrOf('0.0.0.0/0'), 6: cidrOf('::/0') } as const;

export class ExternalHost implements Host {
  readonly name: string;
  readonly forwards = false;
  readonly routeLocalnet = false;
  readonly recent = new RecentLists();
  readonly #address: Address;
  readonly #world: ClusterWorld;

  constructor(address: Address, world: ClusterWorld) {
    this.name = `external/${formatAddress(address)}`;
    this.#address = address;
    this.#world = world;
  }

  rules(): undefined {
    return undefined;
  }

  conntrack(): undefined {
    return undefined;
  }

  isLocal(address: Address): boolean {
    return address === this.#address || isLoopback(address);
  }

  hop(destination: Address): Hop {
    const beyond = this.#world.beyond(destination, true);
    const way = { route: this.#route(destination), over: 'VNet', nextInterface: DEVICE };
    return typeof beyond === 'string' ? { ...way, reason: beyond } : { ...way, next: beyond };
  }

  addressOf(): Address {
    return this.#address;
  }

  routes(): readonly Route[] {
    return [this.#route(this.#address)];
  }

  #route(destination: Address): Route {
    return { destination: EVERYWHERE[familyOf(destination)], device: DEVICE };
  }
}
