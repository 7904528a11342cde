/** The addresses that a machine's network interface has for pods from the day it comes up (Node Subnet). */
import type { CnsAddress, Dataplane, Program } from '../dataplane/index.ts';
import { type Cidr, type Ipv4, maskOf } from '../model/index.ts';

/** CNS reads the interface's addresses from the host, and asks nobody for more. */
export function interfacePieces(node: string, secondary: readonly Ipv4[]): readonly Program[] {
  if (secondary.length === 0) return [];
  const free: CnsAddress = { container: node, state: 'Available' };
  const addresses = new Map(secondary.map((address) => [address, free]));
  return [
    { piece: 'networkInterface', key: node, value: { name: node, addresses: [], podCidrs: blocksOf(secondary) } },
    { piece: 'cnsPool', key: node, value: { containers: [{ id: node, status: '' }], addresses } },
  ];
}

export function forgottenInterface(node: string, { networkInterface, cnsPool }: Dataplane): readonly Program[] {
  const pool: Program = { piece: 'cnsPool', key: node, value: undefined };
  const card: Program = { piece: 'networkInterface', key: node, value: undefined };
  return [...(cnsPool.has(node) ? [pool] : []), ...(networkInterface.has(node) ? [card] : [])];
}

/** The fewest CIDRs that hold these addresses and no other. */
function blocksOf(addresses: readonly Ipv4[]): readonly Cidr[] {
  const sorted = [...addresses].sort((a, b) => a - b);
  const blocks: Cidr[] = [];
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i]!;
    let size = 1;
    while (first % (2 * size) === 0 && sorted[i + 2 * size - 1] === first + 2 * size - 1) size *= 2;
    const prefixLength = 32 - Math.log2(size);
    blocks.push({ family: 4, network: first, prefixLength, mask: maskOf(prefixLength) });
    i += size;
  }
  return blocks;
}
