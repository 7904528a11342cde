/** Draws plans: small clusters of one address model, tight enough that something runs out about every other time. */
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { AddressModel } from '../../src/model/index.ts';

type PoolDocument = Readonly<Record<string, unknown>> & { readonly name: string; readonly count: number };

/** A plan as its file would be written. */
export interface DrawnPlan {
  readonly text: string;
}

const POOLS = ['a', 'b', 'c'] as const;
const PODS_PER_CLUSTER_MIN = 30;
const NODES_MAX = 14;
const PODS_MAX = 120;

/** Profiles of each model; what is not said is AKS's default. */
const PROFILES: { readonly [model in AddressModel]: object } = {
  overlay: { networkPlugin: 'azure', networkPluginMode: 'overlay' },
  'pod-subnet-dynamic': { networkPlugin: 'azure' },
  'pod-subnet-static-block': { networkPlugin: 'azure' },
  'node-subnet': { networkPlugin: 'azure' },
  kubenet: { networkPlugin: 'kubenet' },
};

export function aPlanOf(model: AddressModel): fc.Arbitrary<DrawnPlan> {
  return fc
    .record({
      pools: fc.array(aPool(model), { minLength: 1, maxLength: POOLS.length, size: 'max' }),
      nodeSubnets: fc.tuple(
        aLength(model === 'node-subnet' ? 20 : 25, 28),
        aLength(model === 'node-subnet' ? 20 : 24, 28),
      ),
      podSubnets: fc.tuple(aLength(20, 27), aLength(21, 27)),
      podCidrLength: aLength(20, 23),
      serviceLength: fc.constantFrom(16, 28, 27),
      systemPods: fc.boolean(),
      growth: fc.array(aStep(), { minLength: 1, maxLength: 5, size: 'max' }),
    })
    .map((drawn) => ({ text: stringify(documentOf(model, drawn)) }));
}

const aLength = (least: number, most: number) => fc.integer({ min: least, max: most });

interface DrawnPool {
  readonly count: number;
  readonly maxPods: number;
  readonly maxSurge: string;
  /** which of the two subnets for nodes, and for pods */
  readonly subnet: 0 | 1;
  readonly podSubnet: 0 | 1;
}

function aPool(model: AddressModel): fc.Arbitrary<DrawnPool> {
  return fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    maxPods: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 10, max: 50 }) },
      { weight: 1, arbitrary: fc.integer({ min: 10, max: model === 'node-subnet' ? 110 : 250 }) },
    ),
    maxSurge: fc.constantFrom('1', '2', '10%', '33%', '100%'),
    subnet: fc.constantFrom(0, 1),
    podSubnet: fc.constantFrom(0, 1),
  });
}

interface DrawnStep {
  readonly of: 'nodes' | 'pods' | 'upgrade' | 'services';
  readonly pool: number;
  readonly by: number;
}

function aStep(): fc.Arbitrary<DrawnStep> {
  return fc.record({
    of: fc.constantFrom('nodes', 'nodes', 'pods', 'pods', 'pods', 'upgrade', 'services'),
    pool: fc.nat({ max: POOLS.length - 1 }),
    by: fc.integer({ min: 1, max: PODS_MAX }),
  });
}

interface Drawn {
  readonly pools: readonly DrawnPool[];
  readonly nodeSubnets: readonly [number, number];
  readonly podSubnets: readonly [number, number];
  readonly podCidrLength: number;
  readonly serviceLength: number;
  readonly systemPods: boolean;
  readonly growth: readonly DrawnStep[];
}

function documentOf(model: AddressModel, drawn: Drawn): object {
  const { nodeSubnets, podSubnets, podCidrLength, serviceLength, systemPods } = drawn;
  const hasPodCidr = model === 'overlay' || model === 'kubenet';
  const hasPodSubnet = model.startsWith('pod-subnet');
  const pools = enoughPods(drawn.pools.map((pool, i) => poolDocument(model, pool, POOLS[i]!)));
  const subnets = [
    { name: 'nodes0', addressPrefix: `10.10.0.0/${nodeSubnets[0]}` },
    { name: 'nodes1', addressPrefix: `10.10.16.0/${nodeSubnets[1]}` },
    ...(hasPodSubnet
      ? podSubnets.map((length, i) => ({ name: `pods${i}`, addressPrefix: `10.10.${32 + 16 * i}.0/${length}` }))
      : []),
  ];
  return {
    apiVersion: 'orrery/v1',
    kind: 'Plan',
    metadata: { name: model },
    spec: {
      cluster: {
        networkProfile: {
          ...PROFILES[model],
          ...(hasPodCidr ? { podCidr: `10.244.0.0/${podCidrLength}` } : {}),
          serviceCidr: `10.96.0.0/${serviceLength}`,
          dnsServiceIP: '10.96.0.10',
        },
        virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets },
        agentPoolProfiles: pools,
        systemPods,
      },
      growth: growthOf(drawn.growth, pools),
    },
  };
}

function poolDocument(model: AddressModel, pool: DrawnPool, name: string): PoolDocument {
  const { count, maxPods, maxSurge, subnet, podSubnet } = pool;
  return {
    name,
    count,
    maxPods,
    upgradeSettings: { maxSurge },
    vnetSubnet: `nodes${subnet}`,
    ...(model.startsWith('pod-subnet') ? { podSubnet: `pods${podSubnet}` } : {}),
    ...(model === 'pod-subnet-static-block' ? { podIPAllocationMode: 'StaticBlock' } : {}),
  };
}

/** AKS wants room for 30 pods in every cluster. */
function enoughPods(pools: readonly PoolDocument[]): readonly PoolDocument[] {
  const room = pools.reduce((sum, { count, maxPods }) => sum + count * Number(maxPods), 0);
  if (room >= PODS_PER_CLUSTER_MIN) return pools;
  return pools.map((pool, i) => (i === 0 ? { ...pool, count: 3 } : pool));
}

/** Steps say by how much; the file says totals. */
function growthOf(steps: readonly DrawnStep[], pools: readonly PoolDocument[]): readonly object[] {
  const nodes = new Map(pools.map(({ name, count }) => [name, count]));
  const pods = new Map<string, number>();
  let services = 0;
  return steps.map(({ of, pool, by }) => {
    const { name } = pools[pool % pools.length]!;
    if (of === 'upgrade') return { upgrade: name };
    if (of === 'services') {
      services += 1 + (by % 16);
      return { services };
    }
    const counts = of === 'nodes' ? nodes : pods;
    const count = (counts.get(name) ?? 0) + (of === 'nodes' ? 1 + (by % NODES_MAX) : by);
    counts.set(name, count);
    return { [of]: { [name]: count } };
  });
}
