/**
 * A cluster that grows by one node, pod or Service at a time, in numbers only: which space each takes what of, and which one
 * has no room. Sources of the arithmetic: https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning,
 * /azure/aks/concepts-network-azure-cni-overlay, /azure/aks/concepts-network-azure-cni-pod-subnet, /azure/aks/configure-kubenet.
 */
import {
  type AddressModel,
  type ClusterSettings,
  cidrOf,
  NODE_BLOCK,
  NODES_PER_CLUSTER_MAX,
  NODES_PER_POOL_MAX,
  ROUTES_MAX,
  STATIC_BLOCK,
  SUBNET_RESERVED,
  type Subnet,
  sizeOf,
} from '../model/index.ts';
import { type GrowingNode, GrowingPool } from './growing-pool.ts';
import { CNS_BATCH, dynamicPoolSize, staticBlocksOf } from './limits.ts';
import { type Share, type Space, SpaceLedger, type SpaceUse } from './space.ts';

/** So much of a space, for somebody. */
interface Claim extends Partial<Omit<Share, 'taker'>> {
  readonly from: SpaceLedger;
  readonly taker: string;
}

/** Pods of kube-system that take addresses: CoreDNS has two replicas. */
const SYSTEM_PODS = 2;
const BROKEN_BLOCKS = 'blocks with addresses of Azure';

export class GrowingCluster {
  readonly #pools: ReadonlyMap<string, GrowingPool>;
  readonly #subnets: ReadonlyMap<string, SpaceLedger>;
  readonly #podCidr: SpaceLedger | undefined;
  readonly #services: SpaceLedger;
  readonly #routes: SpaceLedger | undefined;
  readonly #nodes: SpaceLedger;
  readonly #poolNodes: ReadonlyMap<string, SpaceLedger>;
  readonly #systemPods: number;
  readonly #only: string | undefined;
  #nodesEver = 0;

  /** With `only`, as if no space but the one of that name could run out. */
  constructor(settings: ClusterSettings, only?: string) {
    this.#only = only;
    const { networkProfile, virtualNetwork, agentPoolProfiles } = settings;
    const pools = agentPoolProfiles.map((profile, i) => new GrowingPool(profile, networkProfile, i));
    this.#pools = new Map(pools.map((pool) => [pool.profile.name, pool]));
    this.#subnets = new Map(virtualNetwork.subnets.map((subnet, i) => [subnet.name, subnetLedger(subnet, i)]));
    for (const { model, profile } of pools)
      if (model === 'pod-subnet-static-block') keepWholeBlocks(this.#subnets.get(profile.podSubnet!)!);
    this.#podCidr = pools.some(({ model }) => takesNodeBlock(model))
      ? podCidrLedger(networkProfile.podCidr!)
      : undefined;
    this.#services = serviceLedger(settings);
    this.#routes =
      networkProfile.networkPlugin === 'kubenet'
        ? new SpaceLedger({ kind: 'routes', name: 'route table', size: ROUTES_MAX })
        : undefined;
    this.#nodes = new SpaceLedger({ kind: 'nodes', name: 'nodes of a cluster', size: NODES_PER_CLUSTER_MAX });
    this.#poolNodes = new Map(
      pools.map(({ profile: { name } }) => [
        name,
        new SpaceLedger({ kind: 'nodes', name: `nodes of ${name}`, size: NODES_PER_POOL_MAX }),
      ]),
    );
    this.#systemPods = settings.systemPods ? SYSTEM_PODS : 0;
  }

  /** Everything that addresses come from, and what has been taken of it. */
  spaces(): readonly SpaceUse[] {
    const ledgers = [
      ...this.#subnets.values(),
      ...(this.#podCidr === undefined ? [] : [this.#podCidr]),
      ...(this.#routes === undefined ? [] : [this.#routes]),
      ...[...this.#pools.values()].map(({ room }) => room),
      this.#services,
    ];
    return ledgers.map((ledger) => ledger.report());
  }

  /** One more node; or, with nothing taken, the space that has no room for it. */
  addNode(name: string): Space | undefined {
    const pool = this.#pools.get(name)!;
    const claims = this.#claimsOfNode(pool);
    const short = this.#shortOf(claims);
    if (short !== undefined) return short;
    takeAll(claims, 1);
    pool.addNode(++this.#nodesEver, CNS_BATCH);
    return undefined;
  }

  /** Takes the newest node away again. It must have no pods. What it had goes to those that wait for it. */
  removeNode(name: string): void {
    const pool = this.#pools.get(name)!;
    const { pods } = pool.removeNode();
    if (pods > 0) throw new Error(`the newest node of ${name} has ${pods} pods`);
    takeAll(this.#claimsOfNode(pool), -1);
    if (pool.model === 'pod-subnet-dynamic') this.#grantToWaiting(pool.profile.podSubnet!);
  }

  /** One more pod on the pool's nodes; or the space that has no room for it. */
  addPod(name: string): Space | undefined {
    const pool = this.#pools.get(name)!;
    if (this.#lacks(pool.room, 1)) return pool.room.space;
    if (pool.nodes.length === 0) return undefined;
    return this.#place(pool, name);
  }

  /** CoreDNS comes up, on the nodes with the fewest pods. */
  addSystemPods(): void {
    for (let i = 0; i < this.#systemPods; i++) {
      const pools = [...this.#pools.values()].filter(({ room }) => room.free > 0);
      const [pool] = pools.sort((a, b) => a.leastLoaded().pods - b.leastLoaded().pods);
      if (pool !== undefined) this.#place(pool, 'kube-system');
    }
  }

  addService(): Space | undefined {
    if (this.#lacks(this.#services, 1)) return this.#services.space;
    this.#services.take('Services', { reserved: 1, used: 1 });
    return undefined;
  }

  #place(pool: GrowingPool, taker: string): Space | undefined {
    const node = pool.leastLoaded();
    const from = this.#spaceOfPods(pool);
    const isDynamic = pool.model === 'pod-subnet-dynamic';
    if (isDynamic && node.pods === node.granted && this.#lacks(from, CNS_BATCH)) return from.space;
    node.pods++;
    pool.room.take(`pods of ${taker}`, { reserved: 1, used: 1 });
    from.take(takerOfPods(pool), { used: 1 });
    if (isDynamic) this.#grant(node, from, takerOfPods(pool));
    return undefined;
  }

  /** DNC serves the nodes of a subnet in the order of their names. */
  #grantToWaiting(podSubnet: string): void {
    const from = this.#subnets.get(podSubnet)!;
    const pools = [...this.#pools.values()].filter(({ profile }) => profile.podSubnet === podSubnet);
    const nodes = pools.flatMap((pool) => pool.nodes.map((node) => ({ node, taker: takerOfPods(pool) })));
    for (const { node, taker } of nodes.sort((a, b) => a.node.order - b.node.order)) this.#grant(node, from, taker);
  }

  /** CNS asks for what its node's pods need, in batches, and gets all of it or nothing. */
  #grant(node: GrowingNode, from: SpaceLedger, taker: string): void {
    const reserved = dynamicPoolSize(node.pods) - node.granted;
    if (reserved <= 0 || this.#lacks(from, reserved)) return;
    node.granted += reserved;
    from.take(taker, { reserved });
  }

  /** The first space that has no room for all that is claimed of it. */
  #shortOf(claims: readonly Claim[]): Space | undefined {
    const claimed = new Map<SpaceLedger, number>();
    for (const { from, reserved = 0 } of claims) claimed.set(from, (claimed.get(from) ?? 0) + reserved);
    return [...claimed].find(([from, reserved]) => this.#lacks(from, reserved))?.[0].space;
  }

  #lacks({ free, space }: SpaceLedger, amount: number): boolean {
    return free < amount && (this.#only === undefined || this.#only === space.name);
  }

  #claimsOfNode(pool: GrowingPool): readonly Claim[] {
    const { name, maxPods, vnetSubnet } = pool.profile;
    const subnet = this.#subnets.get(vnetSubnet)!;
    const nodes = `nodes of ${name}`;
    const pods = takerOfPods(pool);
    const claims: Claim[] = [
      { from: this.#poolNodes.get(name)!, taker: nodes, reserved: 1, used: 1 },
      { from: this.#nodes, taker: nodes, reserved: 1, used: 1 },
      { from: subnet, taker: nodes, reserved: 1, used: 1 },
    ];
    if (pool.model === 'node-subnet') claims.push({ from: subnet, taker: pods, reserved: maxPods });
    if (takesNodeBlock(pool.model))
      claims.push({ from: this.#podCidr!, taker: pods, reserved: NODE_BLOCK, wasted: NODE_BLOCK - maxPods });
    if (pool.model === 'pod-subnet-static-block') {
      const reserved = staticBlocksOf(maxPods) * STATIC_BLOCK;
      const from = this.#podSubnetOf(pool)!;
      claims.push({ from, taker: nodes, reserved: 1, used: 1 });
      claims.push({ from, taker: pods, reserved: reserved - 1, wasted: reserved - 1 - maxPods });
    }
    if (pool.model === 'pod-subnet-dynamic') {
      const from = this.#podSubnetOf(pool)!;
      // One address is that of the node's network container, no pod gets it.
      claims.push({ from, taker: nodes, reserved: 1, used: 1 }, { from, taker: pods, reserved: CNS_BATCH });
    }
    if (this.#routes !== undefined) claims.push({ from: this.#routes, taker: nodes, reserved: 1, used: 1 });
    return claims;
  }

  #podSubnetOf({ profile }: GrowingPool): SpaceLedger | undefined {
    return profile.podSubnet === undefined ? undefined : this.#subnets.get(profile.podSubnet);
  }

  #spaceOfPods(pool: GrowingPool): SpaceLedger {
    if (takesNodeBlock(pool.model)) return this.#podCidr!;
    return this.#podSubnetOf(pool) ?? this.#subnets.get(pool.profile.vnetSubnet)!;
  }
}

function takesNodeBlock(model: AddressModel): boolean {
  return model === 'overlay' || model === 'kubenet';
}

function takerOfPods({ profile }: GrowingPool): string {
  return `pods of ${profile.name}`;
}

function takeAll(claims: readonly Claim[], sign: 1 | -1): void {
  for (const { from, taker, reserved = 0, used = 0, wasted = 0 } of claims)
    from.take(taker, { reserved: sign * reserved, used: sign * used, wasted: sign * wasted });
}

function subnetLedger({ name, addressPrefix }: Subnet, index: number): SpaceLedger {
  const setting = `virtualNetwork.subnets[${index}].addressPrefix`;
  const space = { kind: 'subnet', name: `subnet ${name}`, range: addressPrefix, setting } as const;
  const ledger = new SpaceLedger({ ...space, size: sizeOf(cidrOf(addressPrefix)) });
  ledger.take('Azure', { reserved: SUBNET_RESERVED, used: SUBNET_RESERVED });
  return ledger;
}

/** The blocks in which Azure's own addresses lie cannot be given to a node: the first and the last. */
function keepWholeBlocks(subnet: SpaceLedger): void {
  if (subnet.isTakenBy(BROKEN_BLOCKS)) return;
  const stranded = Math.min(2 * STATIC_BLOCK - SUBNET_RESERVED, subnet.free);
  subnet.take(BROKEN_BLOCKS, { reserved: stranded, wasted: stranded });
}

function podCidrLedger(range: string): SpaceLedger {
  const space = { kind: 'podCidr', name: 'podCidr', range, setting: 'networkProfile.podCidr' } as const;
  return new SpaceLedger({ ...space, size: sizeOf(cidrOf(range)) });
}

/** The network's and the broadcast address belong to nobody, and two Services come with the cluster. */
function serviceLedger({ networkProfile: { serviceCidr }, systemPods }: ClusterSettings): SpaceLedger {
  const space = { kind: 'serviceCidr', name: 'serviceCidr', range: serviceCidr } as const;
  const setting = 'networkProfile.serviceCidr';
  const ledger = new SpaceLedger({ ...space, setting, size: sizeOf(cidrOf(serviceCidr)) });
  ledger.take('Kubernetes', { reserved: 2, wasted: 2 });
  const own = systemPods ? 2 : 1;
  ledger.take('Kubernetes', { reserved: own, used: own });
  return ledger;
}
