/** node_cidr_allocation: blocks of a cluster CIDR by number, and which block the node IPAM controller gives a new node. */
import * as z from 'zod';
import { blockAt, blocksOf, cidrSet, ipam } from '../../../../controllers/ipam/index.ts';
import { cidrOf } from '../../../../src/model/index.ts';
import { aNode, FakeCluster } from '../../../support/fake-cluster.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';

const clusterShape = { clusterCIDR: z.string(), nodeMaskSize: z.int() };
const cidrs = z.union([z.string(), z.array(z.string())]);
const givenShape = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('indexToBlock'), ...clusterShape, index: z.int() }),
  z.strictObject({ operation: z.literal('blockToIndex'), ...clusterShape, block: z.string() }),
  z.strictObject({
    operation: z.literal('allocate'),
    clusterCIDRs: z.array(z.string()),
    nodeMaskSizes: z.array(z.int()),
    serviceCIDR: z.string().optional(),
    secondaryServiceCIDR: z.string().optional(),
    used: z.array(cidrs).optional(),
  }),
]);
type Given = z.infer<typeof givenShape>;

function observed(given: Given): object {
  if (given.operation === 'allocate') return allocated(given);
  const set = cidrSet(given.clusterCIDR, given.nodeMaskSize);
  if (given.operation === 'indexToBlock') return { block: blockAt(set, given.index) };
  const range = blocksOf(set, cidrOf(given.block));
  return range === undefined ? { error: true } : { index: range[0] };
}

/** The blocks of a node that comes to a cluster in which other nodes hold the used ones. */
function allocated(given: Extract<Given, { operation: 'allocate' }>): object {
  const { clusterCIDRs: clusterCidrs, nodeMaskSizes, serviceCIDR, secondaryServiceCIDR, used = [] } = given;
  const serviceCidrs = [serviceCIDR, secondaryServiceCIDR].filter((cidr) => cidr !== undefined);
  const cluster = new FakeCluster([ipam({ clusterCidrs, nodeMaskSizes, serviceCidrs })]);
  for (const [i, blocks] of used.entries()) {
    const podCIDRs = [blocks].flat();
    cluster.create(aNode(`used${i}`, { podCIDR: podCIDRs[0], podCIDRs }));
  }
  cluster.create(aNode('new'));
  cluster.run(cluster.now);
  const blocks = cluster.get('Node', 'new')?.spec.podCIDRs;
  return blocks === undefined ? { error: true } : { blocks };
}

export function replayNodeCidrAllocation({ given, expect }: RecordedCase): Outcome {
  return compared(expect, observed(givenShape.parse(given)));
}
