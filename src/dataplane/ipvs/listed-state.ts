/**
 * A host's IPVS and IP sets as tools list them, element by element: for hosts whose sets are at hand, and what other states
 * are held against.
 */
import { type Address, contains, type Family, formatAddress, type ProtocolNumber } from '../../model/index.ts';
import { protocolName } from '../iptables/index.ts';
import type { IpSet, IpSetName } from './ip-set.ts';
import type { IpvsShared, IpvsState } from './ipvs-state.ts';
import { type VirtualServer, type VirtualServers, virtualServerName } from './virtual-server.ts';

export class ListedIpvsState implements IpvsState, IpvsShared {
  readonly family: Family;
  readonly revision = 0;
  readonly #servers: VirtualServers;
  readonly #sets: readonly IpSet[];
  readonly #bound: ReadonlySet<Address>;

  constructor(family: Family, servers: VirtualServers, sets: readonly IpSet[], bound: ReadonlySet<Address>) {
    this.family = family;
    this.#servers = servers;
    this.#sets = sets;
    this.#bound = bound;
  }

  get shared(): IpvsShared {
    return this;
  }

  changedSince(): undefined {
    return undefined;
  }

  differsAt(): boolean {
    return false;
  }

  isIdleAt(): boolean {
    return false;
  }

  hasBound(address: Address): boolean {
    return this.#bound.has(address);
  }

  server(address: Address, port: number, protocol: ProtocolNumber): VirtualServer | undefined {
    return this.#servers.get(virtualServerName({ address, port, protocol }));
  }

  setsAt(address: Address, port: number, protocol: ProtocolNumber): number {
    let bits = 0;
    for (const { number, type, entries } of this.#sets) {
      const isIn =
        (type === 'hash:ip' && entries.has(formatAddress(address))) ||
        (type === 'hash:ip,port' && entries.has(portText(address, port, protocol)));
      if (isIn) bits |= 1 << number;
    }
    return bits;
  }

  holds({ number }: IpSetName, address: Address, port: number, protocol: ProtocolNumber, other: Address): boolean {
    const { type, entries } = this.#sets.find((set) => set.number === number)!;
    switch (type) {
      case 'hash:ip':
      case 'hash:ip,port':
        return (this.setsAt(address, port, protocol) & (1 << number)) !== 0;
      case 'bitmap:port':
        return entries.has(`${port}`);
      case 'hash:ip,port,ip':
        return entries.has(`${portText(address, port, protocol)},${formatAddress(other)}`);
      case 'hash:ip,port,net': {
        const before = `${portText(address, port, protocol)},`;
        const found = [...entries].filter(([text]) => text.startsWith(before));
        return found.some(([, entry]) => entry.type === 'hash:ip,port,net' && contains(entry.range, other));
      }
      default:
        return type satisfies never;
    }
  }
}

/** What stands before the third dimension in an element's text. */
function portText(address: Address, port: number, protocol: ProtocolNumber): string {
  return `${formatAddress(address)},${protocolName(protocol)}:${port}`;
}
