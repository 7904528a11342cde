/** A node's addresses as kube-proxy in IPVS mode sorts them. */
import type { NodeFacts } from '../../../src/dataplane/index.ts';
import { type Address, type Cidr, cidrOf, contains, familyOf } from '../../../src/model/index.ts';
import type { IpvsConfig } from './config.ts';
import type { IpvsNode } from './service-port.ts';

const LOOPBACK = [cidrOf('127.0.0.0/8'), cidrOf('::1/128')];
const IPV6_LINK_LOCAL = cidrOf('fe80::/10');

function isIn(cidrs: readonly Cidr[], address: Address): boolean {
  return cidrs.some((cidr) => contains(cidr, address));
}

/** Whether kube-proxy lists the address among an interface's own. Source: pkg/proxy/ipvs/netlink_linux.go (isValidForSet). */
export function isListed(address: Address): boolean {
  return !isIn([...LOOPBACK, IPV6_LINK_LOCAL], address);
}

/**
 * The node as its kube-proxy finds it. `interfaceAddresses`: what it reads from the interfaces to choose those that
 * `nodePortAddresses` names; the node's addresses, unless told apart.
 * Source: pkg/proxy/util/nodeport_addresses.go (GetNodeIPs).
 */
export function ipvsNode(facts: NodeFacts, config: IpvsConfig, interfaceAddresses = facts.addresses): IpvsNode {
  const { family, nodePortAddresses, bindAddress } = config;
  const ofFamily = (address: Address) => familyOf(address) === family;
  const addresses = new Set(facts.addresses.filter((address) => ofFamily(address) && isListed(address)));
  const chosen = nodePortAddresses.filter((cidr) => cidr.family === family);
  const everywhere = chosen.length === 0 || chosen.some(({ prefixLength }) => prefixLength === 0);
  const named = interfaceAddresses.filter(
    (address) => ofFamily(address) && isIn(chosen, address) && !isIn(LOOPBACK, address),
  );
  return {
    facts,
    nodeIP: bindAddress ?? facts.addresses.find(ofFamily),
    addresses,
    nodePortAddresses: everywhere ? [...addresses] : [...new Set(named)],
  };
}
