/**
 * A cluster CIDR cut into blocks of one size, numbered from 0.
 * Source: kubernetes pkg/controller/nodeipam/ipam/cidrset/cidr_set.go.
 */
import {
  addressOfBigInt,
  bigIntOfAddress,
  type Cidr,
  cidrOf,
  type Family,
  formatCidr,
  maskOf,
  overlaps,
} from '../../src/model/index.ts';

/** An IPv6 node mask may be at most this much longer than the cluster's (`clusterSubnetMaxDiff`): 65,536 nodes. */
export const IPV6_MASK_DIFFERENCE_MAX = 16;

export interface CidrSet {
  /** the cluster CIDR as it was given: the key of its cursor */
  readonly text: string;
  readonly cluster: Cidr;
  readonly nodeMaskSize: number;
  readonly blocks: number;
}

/** Throws where the sizes do not fit together: cluster settings are checked before they come here. */
export function cidrSet(text: string, nodeMaskSize: number): CidrSet {
  const cluster = cidrOf(text);
  const difference = nodeMaskSize - cluster.prefixLength;
  if (difference < 0 || nodeMaskSize > widthOf(cluster.family))
    throw new Error(`no /${nodeMaskSize} fits into ${text}`);
  if (cluster.family === 6 && difference > IPV6_MASK_DIFFERENCE_MAX) {
    throw new Error(`/${nodeMaskSize} is more than ${IPV6_MASK_DIFFERENCE_MAX} bits longer than ${text}`);
  }
  return { text, cluster, nodeMaskSize, blocks: 2 ** difference };
}

/** The block of that number, as `10.244.3.0/24`. */
export function blockAt({ cluster, nodeMaskSize }: CidrSet, index: number): string {
  const width = widthOf(cluster.family);
  const network = bigIntOfAddress(cluster.network) + (BigInt(index) << BigInt(width - nodeMaskSize));
  const mask = cluster.family === 4 ? maskOf(nodeMaskSize) : 0;
  return formatCidr({
    family: cluster.family,
    network: addressOfBigInt(network, cluster.family),
    prefixLength: nodeMaskSize,
    mask,
  });
}

/** The numbers of the blocks that a CIDR shares addresses with, first and last; undefined where it lies outside. */
export function blocksOf(set: CidrSet, cidr: Cidr): readonly [number, number] | undefined {
  const { cluster, nodeMaskSize, blocks } = set;
  if (cidr.family !== cluster.family || !overlaps(cluster, cidr)) return undefined;
  if (cidr.prefixLength <= cluster.prefixLength) return [0, blocks - 1];
  const shift = BigInt(widthOf(cluster.family) - nodeMaskSize);
  const first = Number((bigIntOfAddress(cidr.network) - bigIntOfAddress(cluster.network)) >> shift);
  return [first, first + 2 ** Math.max(0, nodeMaskSize - cidr.prefixLength) - 1];
}

function widthOf(family: Family): number {
  return family === 4 ? 32 : 128;
}
