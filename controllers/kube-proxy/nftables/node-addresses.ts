/**
 * On which of a node's addresses node ports answer.
 * Source: kubernetes pkg/proxy/util/nodeport_addresses.go, cmd/kube-proxy/app/server_linux.go ("primary").
 */
import { type Address, cidrOf, contains, familyOf } from '../../../src/model/index.ts';
import type { NftablesConfig } from './config.ts';
import type { ProxiedNode } from './writer.ts';

const LOOPBACK = cidrOf('127.0.0.0/8');
const LOOPBACK_IPV6 = cidrOf('::1/128');

export function isLoopback(address: Address): boolean {
  return contains(LOOPBACK, address) || contains(LOOPBACK_IPV6, address);
}

/** Undefined for all but loopback: also where nothing is said for this family. */
export function nodePortAddresses(
  { facts, nodeIP }: ProxiedNode,
  config: NftablesConfig,
): readonly Address[] | undefined {
  const { nodePortAddresses: chosen, family } = config;
  if (chosen === 'primary')
    return nodeIP === undefined || isLoopback(nodeIP)
      ? undefined
      : facts.addresses.filter((address) => address === nodeIP);
  const networks = chosen.filter((cidr) => cidr.family === family);
  if (networks.length === 0 || networks.some(({ prefixLength }) => prefixLength === 0)) return undefined;
  return facts.addresses.filter(
    (address) =>
      familyOf(address) === family && !isLoopback(address) && networks.some((cidr) => contains(cidr, address)),
  );
}
