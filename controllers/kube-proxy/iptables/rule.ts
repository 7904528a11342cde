/** Rules and chains in as few words as kube-proxy's source needs for them. */
import type { Chain, Match, Rule, Target } from '../../../src/dataplane/index.ts';
import {
  type Address,
  type Cidr,
  type Family,
  familyOf,
  maskOf,
  type ProtocolNumber,
} from '../../../src/model/index.ts';

export const ACCEPT: Target = { target: 'ACCEPT' };
export const DROP: Target = { target: 'DROP' };
export const RETURN: Target = { target: 'RETURN' };
export const NO_TARGET: Target = { target: 'none' };
export const NO_RULES: readonly Rule[] = [];

export function rule(target: Target, ...matches: readonly (Match | undefined)[]): Rule {
  return { matches: matches.filter((match) => match !== undefined), target };
}

export function jumpTo(chain: Chain): Target {
  return { target: 'jump', chain };
}

/** A chain of a user's own whose rules are known. */
export function fixedChain(name: string, rules: readonly Rule[]): Chain {
  return { name, rules };
}

export function comment(text: string): Match {
  return { match: 'comment', text };
}

/** A CIDR of one address, written by kube-proxy as the address alone; one of 32 bits that a user gave keeps its length. */
export class HostCidr implements Cidr {
  readonly family: Family;
  readonly network: Address;
  readonly prefixLength: number;
  readonly mask: number;

  constructor(address: Address) {
    this.family = familyOf(address);
    this.network = address;
    this.prefixLength = this.family === 4 ? 32 : 128;
    this.mask = this.family === 4 ? maskOf(32) : 0;
  }
}

function cidrFrom(addresses: Address | Cidr): Cidr {
  return typeof addresses === 'object' ? addresses : new HostCidr(addresses);
}

export function source(addresses: Address | Cidr, inverted = false): Match {
  return { match: 'source', cidr: cidrFrom(addresses), inverted };
}

export function destination(addresses: Address | Cidr, inverted = false): Match {
  return { match: 'destination', cidr: cidrFrom(addresses), inverted };
}

export function inInterface(name: string, inverted = false): Match {
  return { match: 'in-interface', name, inverted };
}

export function protocolIs(protocol: ProtocolNumber): Match {
  return { match: 'protocol', protocol, inverted: false };
}

export function destinationPort(protocol: ProtocolNumber, port: number): Match {
  return { match: 'ports', protocol, destination: [port, port] };
}

export function connectionState(states: number, inverted = false): Match {
  return { match: 'conntrack', states, inverted };
}

export function markIs(mark: number, inverted = false): Match {
  return { match: 'mark', value: mark, mask: mark, inverted };
}

export function addressTypeLocal(side: 'source' | 'destination'): Match {
  return { match: 'address-type', side, type: 'LOCAL', inverted: false };
}

export function counted(name: string): Match {
  return { match: 'nfacct', name };
}
