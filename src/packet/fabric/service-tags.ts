/**
 * What a prefix of a security rule means: an address, a CIDR, `*`, or a service tag.
 * Source: https://learn.microsoft.com/azure/virtual-network/service-tags-overview
 */
import { type Address, addressOf, type Cidr, contains, parseAddress, parseCidr } from '../../model/index.ts';

/** Where Azure's load balancers probe from, and where its own name servers answer. */
const PLATFORM_ADDRESS = addressOf('168.63.129.16');
/** that one, and the metadata service's: security rules do not guard the way to them */
export const PLATFORM_ADDRESSES: readonly Address[] = [PLATFORM_ADDRESS, addressOf('169.254.169.254')];

/** The addresses that a network's tags stand for. */
export interface TagSpace {
  /** `VirtualNetwork`: the network's own space, its peers', and what its gateway leads to */
  readonly virtualNetwork: readonly Cidr[];
  /** other tags, such as `Storage` or `AzureCloud.eastus`, in lower case; one that is not here stands for no address */
  readonly others: ReadonlyMap<string, readonly Cidr[]>;
}

export type AddressTest = (address: Address, tags: TagSpace) => boolean;

const isIn = (prefixes: readonly Cidr[], address: Address) => prefixes.some((prefix) => contains(prefix, address));

/** The test that a rule's prefix stands for. */
export function addressTest(prefix: string): AddressTest {
  if (prefix === '*') return () => true;
  const address = parseAddress(prefix);
  if (address !== undefined) return (other) => other === address;
  const cidr = parseCidr(prefix);
  if (cidr !== undefined) return (other) => contains(cidr, other);
  switch (prefix.toLowerCase()) {
    case 'virtualnetwork':
      return (other, { virtualNetwork }) => isIn(virtualNetwork, other);
    case 'azureloadbalancer':
      return (other) => other === PLATFORM_ADDRESS;
    case 'internet':
      return (other, { virtualNetwork }) => other !== PLATFORM_ADDRESS && !isIn(virtualNetwork, other);
    default: {
      const tag = prefix.toLowerCase();
      return (other, { others }) => isIn(others.get(tag) ?? [], other);
    }
  }
}
