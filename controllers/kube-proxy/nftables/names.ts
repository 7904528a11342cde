/**
 * Names of chains and affinity sets. nftables allows 256 characters, so that they say what they are for, after a hash.
 * Source: kubernetes pkg/proxy/nftables/proxier.go (servicePortChainNameBase, hashAndTruncate).
 */
import { protocolName, type ServiceEndpoint, type ServicePortRecord } from '../../../src/dataplane/index.ts';
import { formatAddress } from '../../../src/model/index.ts';
import { sha256Base32 } from '../sha256.ts';

export type ServiceChainPrefix = 'service-' | 'local-' | 'external-' | 'firewall-' | 'endpoint-';

const HASH_LENGTH = 8;
/** 256 less the longest prefix. */
const BASE_LENGTH_MAX = 240;
const AFFINITY_PREFIX = 'affinity-';

function hashedName(name: string): string {
  const base = `${sha256Base32(name, HASH_LENGTH)}-${name}`;
  return base.length > BASE_LENGTH_MAX ? `${base.slice(0, BASE_LENGTH_MAX - 3)}...` : base;
}

/** `namespace/service/protocol/port` */
function portPath({ name, protocol }: ServicePortRecord): string {
  const [service = '', port = ''] = name.split(':');
  return `${service}/${protocolName(protocol)}/${port}`;
}

/** Colons may not stand in a chain's name. */
function endpointPath(port: ServicePortRecord, endpoint: ServiceEndpoint): string {
  return `${portPath(port)}__${formatAddress(endpoint.address).replaceAll(':', '.')}/${endpoint.port}`;
}

/** What follows the prefix in the names of a service port's chains. */
export function servicePortNameBase(port: ServicePortRecord): string {
  return hashedName(portPath(port));
}

/** What follows the prefix in the names of an endpoint's chain and affinity set. */
export function endpointNameBase(port: ServicePortRecord, endpoint: ServiceEndpoint): string {
  return hashedName(endpointPath(port, endpoint));
}

export function affinitySetName(port: ServicePortRecord, endpoint: ServiceEndpoint): string {
  return AFFINITY_PREFIX + endpointNameBase(port, endpoint);
}

/** Whether kube-proxy made this chain for a service port, and deletes it when none needs it: no other's name has a slash. */
export function isServiceChainName(name: string): boolean {
  return name.includes('/');
}

export function isAffinitySetName(name: string): boolean {
  return name.startsWith(AFFINITY_PREFIX);
}
