/**
 * Pod addresses: how many a second are given out and taken back, and what they weigh. Every size handles as many addresses in
 * all, in clusters that are all kept, so that the collector has as much to do for many small clusters as for a large one.
 * Then 5,000 overlay nodes, given their blocks by the emulated node IPAM, are filled to 250 pods each.
 */
import { type PodNetwork, PodNetworks } from '../../src/dataplane/index.ts';
import { Emulator, INVARIANTS_AT_REST } from '../../src/emulator/index.ts';
import { type Cidr, cidrOf, contains, type Ipv4, type Node, sizeOf } from '../../src/model/index.ts';
import { aLargeCluster } from '../support/cluster.ts';
import { type Bench, type BenchOptions, type BenchResult, collectGarbage, growthExponent, timed } from './bench.ts';

const PODS_PER_NODE = 250;
const DEFAULT_SIZES = [1_000, 100_000, 1_250_000];
const NODES = 5_000;
const BLOCK_SIZE = 256;
const WARM_UP_CLUSTERS = 60;
const MICROSECONDS = 1e6;

interface Run {
  readonly addresses: number;
  readonly clusters: number;
  readonly allocateSeconds: number;
  readonly releaseSeconds: number;
  readonly bytesPerAddress: number;
}

/** Fills nodes in turn, as the scheduler spreads pods; block n belongs to node n. */
function filled(name: string, addresses: number): PodNetworks {
  const nodes = Array.from({ length: Math.ceil(addresses / PODS_PER_NODE) }, (_, i) => `node${i}`);
  let networks = PodNetworks.EMPTY;
  for (let i = 0; i < addresses; i++) {
    const index = i % nodes.length;
    const node = nodes[index]!;
    const address = networks.freeAddress(node, [{ first: index * BLOCK_SIZE, size: BLOCK_SIZE }]);
    const pod = `${name}/app-${i}`;
    networks = networks.set(pod, networkOf(pod, node, address));
  }
  return networks;
}

function networkOf(pod: string, node: string, address: Ipv4 | undefined): PodNetwork {
  if (address === undefined) throw new Error(`${node} has no address for ${pod}`);
  return { pod, uid: pod, node, addresses: [address] };
}

function emptied(networks: PodNetworks, name: string, addresses: number): PodNetworks {
  let left = networks;
  for (let i = 0; i < addresses; i++) left = left.set(`${name}/app-${i}`, undefined);
  if (left.size > 0) throw new Error(`${left.size} addresses were not given back`);
  return left;
}

function measure(addresses: number, clusters: number): Run {
  const kept: PodNetworks[] = [];
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const allocate = timed(() => {
    for (let i = 0; i < clusters; i++) kept.push(filled(`c${i}`, addresses));
  });
  collectGarbage();
  const bytes = process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers - heapBefore;
  const release = timed(() => {
    for (const [i, networks] of kept.entries()) kept[i] = emptied(networks, `c${i}`, addresses);
  });
  return {
    addresses,
    clusters,
    allocateSeconds: allocate.cpuSeconds,
    releaseSeconds: release.cpuSeconds,
    bytesPerAddress: bytes / (addresses * clusters),
  };
}

interface Fill {
  readonly nodeSeconds: number;
  readonly podSeconds: number;
  readonly addresses: number;
}

/** Throws where a node lacks its block, or an address lies outside of its node's, or anything the emulator watches over broke. */
function fillOverlay(nodes: number): Fill {
  const emulator = new Emulator({ ...aLargeCluster(nodes), systemPods: false }, { seed: 1 });
  const nodeTiming = timed(() => {
    emulator.boot();
    emulator.settle();
  });
  const blocks = emulator.list('Node').map((node) => ({ node: node.metadata.name, block: blockOf(node) }));
  let networks = emulator.dataplane.pod;
  const podTiming = timed(() => {
    for (let i = 0; i < PODS_PER_NODE; i++) {
      for (const { node, block } of blocks) {
        const pod = `default/${node}-${i}`;
        const address = networks.freeAddress(node, [{ first: block.network as Ipv4, size: sizeOf(block) }]);
        networks = networks.set(pod, networkOf(pod, node, address));
      }
    }
  });
  const broken = INVARIANTS_AT_REST.flatMap((invariant) => invariant(emulator));
  if (broken.length > 0) throw new Error(broken.join('\n'));
  for (const { node, block } of blocks) {
    const held = [...networks.on(node)];
    if (held.length !== PODS_PER_NODE || !held.every(([address]) => contains(block, address)))
      throw new Error(`${node} does not have ${PODS_PER_NODE} addresses of its own block`);
  }
  return { nodeSeconds: nodeTiming.cpuSeconds, podSeconds: podTiming.cpuSeconds, addresses: networks.size };
}

function blockOf({ metadata, spec }: Node): Cidr {
  if (spec.podCIDR === undefined) throw new Error(`${metadata.name} has no block`);
  return cidrOf(spec.podCIDR);
}

export const benchIpam: Bench = async ({ sizes = DEFAULT_SIZES }: BenchOptions): Promise<BenchResult> => {
  for (let i = 0; i < WARM_UP_CLUSTERS; i++) emptied(filled('warm', 1_000), 'warm', 1_000);
  const most = Math.max(...sizes);
  const runs = sizes.map((size) => measure(size, Math.max(1, Math.floor(most / size))));
  const fill = fillOverlay(NODES);
  const perOperation = ({ addresses, clusters, allocateSeconds, releaseSeconds }: Run) =>
    (allocateSeconds + releaseSeconds) / (2 * addresses * clusters);
  const rate = (run: Run, seconds: number) => (run.addresses * run.clusters) / seconds;
  return {
    name: 'ipam',
    about: `Pod addresses given out and taken back, in clusters of ${PODS_PER_NODE} pods a node that are all kept, ${most} addresses in all at each size; seconds are CPU seconds of all threads. Then ${NODES} overlay nodes get their blocks in ${fill.nodeSeconds.toFixed(1)} s and ${fill.addresses} pods their addresses in ${fill.podSeconds.toFixed(1)} s, with every invariant kept.`,
    columns: ['addresses', 'clusters', 'allocated/s', 'released/s', 'us each', 'bytes each'],
    rows: runs.map((run) => [
      String(run.addresses),
      String(run.clusters),
      rate(run, run.allocateSeconds).toFixed(0),
      rate(run, run.releaseSeconds).toFixed(0),
      (perOperation(run) * MICROSECONDS).toFixed(2),
      run.bytesPerAddress.toFixed(0),
    ]),
    figures: [
      ...runs.flatMap((run) => [
        { name: `allocated_${run.addresses}`, value: rate(run, run.allocateSeconds), unit: 'addresses/s' },
        { name: `released_${run.addresses}`, value: rate(run, run.releaseSeconds), unit: 'addresses/s' },
        { name: `memory_${run.addresses}`, value: run.bytesPerAddress, unit: 'B/address' },
      ]),
      { name: 'fill_rate', value: fill.addresses / fill.podSeconds, unit: 'addresses/s' },
      ...(runs.length < 2
        ? []
        : [
            {
              name: 'growth_exponent',
              value: growthExponent(runs.map((run) => [run.addresses, perOperation(run) * run.addresses] as const)),
              unit: '',
            },
          ]),
    ],
  };
};
