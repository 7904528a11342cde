/** Each node's place in the network, by name, by address and by pod CIDR. Persistent: a change gives a new one that shares the rest. */
import { Map as PersistentMap } from 'immutable';
import { type Address, contains, maskOf } from '../model/index.ts';
import type { NodeFacts } from './service-ports.ts';

type ByNetwork = PersistentMap<Address, string>;

export class NodeNetworks {
  static readonly EMPTY = new NodeNetworks(PersistentMap(), PersistentMap(), PersistentMap());
  readonly #byName: PersistentMap<string, NodeFacts>;
  readonly #byAddress: PersistentMap<Address, string>;
  /** names by pod CIDR's network, by prefix length; IPv6 pod CIDRs under -1, to be gone through */
  readonly #byPodCidr: PersistentMap<number, ByNetwork>;

  private constructor(
    byName: PersistentMap<string, NodeFacts>,
    byAddress: PersistentMap<Address, string>,
    byPodCidr: PersistentMap<number, ByNetwork>,
  ) {
    this.#byName = byName;
    this.#byAddress = byAddress;
    this.#byPodCidr = byPodCidr;
  }

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): NodeFacts | undefined {
    return this.#byName.get(name);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  keys(): Iterable<string> {
    return this.#byName.keys();
  }

  values(): Iterable<NodeFacts> {
    return this.#byName.values();
  }

  entries(): Iterable<[string, NodeFacts]> {
    return this.#byName.entries();
  }

  /** the node that has this address of its own */
  at(address: Address): NodeFacts | undefined {
    const name = this.#byAddress.get(address);
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** the node whose pod CIDR holds this address: IPv4 by look-up, one for each prefix length in use */
  owning(address: Address): NodeFacts | undefined {
    for (const [prefixLength, names] of this.#byPodCidr) {
      if (prefixLength < 0) continue;
      if (typeof address !== 'number') break;
      const name = names.get((address & maskOf(prefixLength)) >>> 0);
      if (name !== undefined) return this.#byName.get(name);
    }
    return typeof address === 'string' ? this.#owningIpv6(address) : undefined;
  }

  #owningIpv6(address: string): NodeFacts | undefined {
    for (const name of this.#byPodCidr.get(-1)?.values() ?? []) {
      const facts = this.#byName.get(name)!;
      if (facts.podCidrs.some((cidr) => cidr.family === 6 && contains(cidr, address))) return facts;
    }
    return undefined;
  }

  set(name: string, facts: NodeFacts | undefined): NodeNetworks {
    const before = this.#byName.get(name);
    let byAddress = this.#byAddress;
    let byPodCidr = this.#byPodCidr;
    if (before !== undefined) {
      byAddress = byAddress.deleteAll(before.addresses.filter((address) => byAddress.get(address) === name));
      for (const cidr of before.podCidrs) byPodCidr = changeCidr(byPodCidr, cidr, name, false);
    }
    if (facts === undefined) return new NodeNetworks(this.#byName.delete(name), byAddress, byPodCidr);
    for (const address of facts.addresses) byAddress = byAddress.set(address, name);
    for (const cidr of facts.podCidrs) byPodCidr = changeCidr(byPodCidr, cidr, name, true);
    return new NodeNetworks(this.#byName.set(name, facts), byAddress, byPodCidr);
  }

  delete(name: string): NodeNetworks {
    return this.set(name, undefined);
  }
}

function changeCidr(
  byPodCidr: PersistentMap<number, ByNetwork>,
  cidr: NodeFacts['podCidrs'][number],
  name: string,
  added: boolean,
): PersistentMap<number, ByNetwork> {
  const key = cidr.family === 4 ? cidr.prefixLength : -1;
  const names: ByNetwork = byPodCidr.get(key) ?? PersistentMap();
  if (added) return byPodCidr.set(key, names.set(cidr.network, name));
  return names.get(cidr.network) === name ? byPodCidr.set(key, names.delete(cidr.network)) : byPodCidr;
}
