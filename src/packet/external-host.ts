/**
 * Somebody outside of the cluster, known by address: a machine in a virtual network, behind a gateway or on the internet.
 * Takes what comes to its address. An appliance also passes on what is for others, as far as it saw the connection begin.
 */
import type { ConntrackTable, Route, Ruleset } from '../dataplane/index.ts';
import { type Address, cidrOf, type Family, familyOf, formatAddress } from '../model/index.ts';
import type { ClusterWorld } from './cluster-world.ts';
import { isLoopback } from './loopback.ts';
import { type HostRules, rulesOf } from './program/ruleset-program.ts';
import { RecentLists } from './recent.ts';
import type { Hop, Host } from './world.ts';

const DEVICE = 'eth0';
const EVERYWHERE = { 4: cidrOf('0.0.0.0/0'), 6: cidrOf('::/0') } as const;

/** A machine beside the cluster, declared with a name. */
export interface MachineFacts {
  readonly name: string;
  readonly networkId: string;
  readonly address: string;
  /** a network virtual appliance: it forwards, and drops what belongs to no connection that it knows */
  readonly appliance?: { readonly conntrack: ConntrackTable; readonly rules: Ruleset };
}

export class ExternalHost implements Host {
  readonly name: string;
  readonly forwards: boolean;
  readonly routeLocalnet = false;
  readonly recent = new RecentLists();
  readonly #address: Address;
  readonly #world: ClusterWorld;
  readonly #appliance: MachineFacts['appliance'];

  constructor(address: Address, world: ClusterWorld, machine?: MachineFacts) {
    this.name = machine === undefined ? `external/${formatAddress(address)}` : `vm/${machine.name}`;
    this.#appliance = machine?.appliance;
    this.forwards = this.#appliance !== undefined;
    this.#address = address;
    this.#world = world;
  }

  rules(): HostRules | undefined {
    return this.#appliance && rulesOf(this.#appliance.rules);
  }

  conntrack(family: Family): ConntrackTable | undefined {
    return family === 4 ? this.#appliance?.conntrack : undefined;
  }

  isLocal(address: Address): boolean {
    return address === this.#address || isLoopback(address);
  }

  hop(destination: Address): Hop {
    const beyond = this.#world.beyond(destination, this.#address);
    const way = { device: DEVICE, route: this.#route(destination), over: 'VNet', nextInterface: DEVICE };
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
