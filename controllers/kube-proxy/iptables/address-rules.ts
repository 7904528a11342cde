/** Rules of one service port in a chain that all share, filed by the destination address they match. */
import type { Rule } from '../../../src/dataplane/index.ts';
import type { Address } from '../../../src/model/index.ts';
import { NO_RULES } from './rule.ts';

export class AddressRules {
  /** in the order written */
  readonly rules: readonly Rule[];
  /** those that match whatever the address */
  readonly anywhere: readonly Rule[];
  /** the address that all rules match, where they match but one: most service ports have a cluster IP and no more */
  readonly #only: Address | undefined;
  readonly #byAddress: ReadonlyMap<Address, readonly Rule[]>;

  constructor(rules: readonly Rule[]) {
    const addresses = rules.map(destinationOf);
    const byAddress = new Map<Address, Rule[]>();
    rules.forEach((rule, i) => {
      const address = addresses[i];
      if (address === undefined) return;
      const known = byAddress.get(address);
      if (known === undefined) byAddress.set(address, [rule]);
      else known.push(rule);
    });
    this.rules = rules;
    this.anywhere = rules.filter((_, i) => addresses[i] === undefined);
    this.#only = new Set(addresses).size === 1 ? addresses[0] : undefined;
    this.#byAddress = byAddress;
  }

  at(address: Address): readonly Rule[] {
    return address === this.#only ? this.rules : (this.#byAddress.get(address) ?? NO_RULES);
  }
}

function destinationOf(rule: Rule): Address | undefined {
  for (const match of rule.matches) if (match.match === 'destination') return match.cidr.network;
  return undefined;
}
