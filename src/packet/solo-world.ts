/**
 * The smallest world: one node with rules that were read from somewhere, and all other addresses beyond its only interface.
 * For rulesets without a cluster around them.
 */
import { ConntrackTable, type Route, type Ruleset } from '../dataplane/index.ts';
import { type Address, cidrOf, type Family, familyOf, formatAddress, parseAddress } from '../model/index.ts';
import type { IpvsTable } from './ipvs/table.ts';
import { isLoopback } from './loopback.ts';
import { type HostRules, rulesOf } from './program/ruleset-program.ts';
import { RecentLists } from './recent.ts';
import type { Hop, Host, World } from './world.ts';

export interface SoloNode {
  readonly name: string;
  readonly rules: readonly Ruleset[];
  /** its own addresses, the primary one of each family first; loopback is understood */
  readonly addresses: readonly Address[];
  /** net.ipv4.conf.all.route_localnet */
  readonly routeLocalnet: boolean;
  /** its virtual servers, of one family */
  readonly ipvs?: IpvsTable;
}

const DEVICE = 'eth0';
const EVERYWHERE = { 4: cidrOf('0.0.0.0/0'), 6: cidrOf('::/0') } as const;

class SoloHost implements Host {
  readonly name: string;
  readonly forwards = true;
  readonly routeLocalnet: boolean;
  readonly recent = new RecentLists();
  readonly #rules: readonly Ruleset[];
  readonly #addresses: readonly Address[];
  readonly #ipvs: IpvsTable | undefined;
  readonly #tables = { 4: new ConntrackTable(4), 6: new ConntrackTable(6) } as const;
  readonly #outside = new Map<Address, OutsideHost>();

  constructor(node: SoloNode) {
    this.name = `node/${node.name}`;
    this.routeLocalnet = node.routeLocalnet;
    this.#rules = node.rules;
    this.#addresses = node.addresses;
    this.#ipvs = node.ipvs;
  }

  rules(family: Family): HostRules | undefined {
    const loaded = this.#rules.find((ruleset) => (ruleset.family ?? 4) === family);
    return loaded && rulesOf(loaded);
  }

  conntrack(family: Family): ConntrackTable {
    return this.#tables[family];
  }

  ipvs(): IpvsTable | undefined {
    return this.#ipvs;
  }

  isLocal(address: Address): boolean {
    return isLoopback(address) || this.#addresses.includes(address);
  }

  hop(destination: Address): Hop {
    const route = { destination: EVERYWHERE[familyOf(destination)], device: DEVICE };
    return { device: DEVICE, route, over: 'wire', next: this.outside(destination), nextInterface: DEVICE };
  }

  addressOf(_device: string, family: Family): Address | undefined {
    return this.#addresses.find((address) => familyOf(address) === family);
  }

  routes(): readonly Route[] {
    return [{ destination: EVERYWHERE[4], device: DEVICE }];
  }

  outside(address: Address): OutsideHost {
    let host = this.#outside.get(address);
    if (host === undefined) this.#outside.set(address, (host = new OutsideHost(address, this)));
    return host;
  }
}

/** Whoever has an address that is not the node's: takes what is for it and sends through the node. */
class OutsideHost implements Host {
  readonly name: string;
  readonly forwards = false;
  readonly routeLocalnet = false;
  /** what matters here is where the node sends a packet, not whether it is taken */
  readonly acceptsLocal = true;
  readonly recent = new RecentLists();
  /** undefined: sends only, from any address and to any address */
  readonly #address: Address | undefined;
  readonly #node: SoloHost;

  constructor(address: Address | undefined, node: SoloHost) {
    this.name = `external/${address === undefined ? 'client' : formatAddress(address)}`;
    this.#address = address;
    this.#node = node;
  }

  rules(): undefined {
    return undefined;
  }

  conntrack(): undefined {
    return undefined;
  }

  isLocal(address: Address): boolean {
    return address === this.#address;
  }

  hop(destination: Address): Hop {
    const route = { destination: EVERYWHERE[familyOf(destination)], device: DEVICE };
    return { device: DEVICE, route, over: 'wire', next: this.#node, nextInterface: DEVICE };
  }

  addressOf(): Address | undefined {
    return this.#address;
  }

  routes(): readonly Route[] {
    return [{ destination: EVERYWHERE[4], device: DEVICE }];
  }
}

export interface SoloWorld extends World {
  readonly node: Host;
  /** sends to the node whatever it is given, also from and to one and the same address */
  readonly client: Host;
}

/** The world of one node. Names: `node/NAME`, `external/ADDRESS`, `external/client`. */
export function soloWorld(node: SoloNode): SoloWorld {
  const host = new SoloHost(node);
  const client = new OutsideHost(undefined, host);
  return {
    node: host,
    client,
    host(name) {
      if (name === host.name) return host;
      if (name === client.name) return client;
      const address = name.startsWith('external/') ? parseAddress(name.slice('external/'.length)) : undefined;
      return address === undefined ? undefined : host.outside(address);
    },
    owner: (address) => (host.isLocal(address) ? host : host.outside(address)),
  };
}
