/**
 * What one asks AKS for: more machines, an upgrade, a larger pod range. AKS checks the whole first, and does all of it or
 * nothing. Sources: https://learn.microsoft.com/azure/aks/scale-cluster, /azure/aks/upgrade-aks-node-pools-rolling,
 * /azure/aks/azure-cni-overlay-pod-expand; for what Azure's scale sets refuse, Azure/AKS#2531 and #2119.
 */
import { addressesPerNode, validateManagedCluster } from '../apiserver/index.ts';
import { type AgentPoolProfile, type ClusterSettings, cidrOf, encloses, parseCidr, surgeOf } from '../model/index.ts';

export type AksOperation =
  /** the autoscaler goes to the scale set itself: AKS is not asked, only the subnet's room counts */
  | { readonly do: 'scale'; readonly pool: string; readonly count: number; readonly by: 'aks' | 'cluster-autoscaler' }
  | { readonly do: 'upgrade'; readonly pool: string }
  | { readonly do: 'update-pool'; readonly pool: string; readonly maxCount: number }
  | { readonly do: 'expand'; readonly podCidr: string }
  | { readonly do: 'drain'; readonly node: string }
  /** another machine comes under the same name, as after a repair */
  | { readonly do: 'replace'; readonly node: string };

export interface AksRefusal {
  readonly code: string;
  readonly message: string;
}

/** What AKS works with: machines and what runs on them. */
export interface Machinery {
  countOf(pool: string): number;
  nodesOf(pool: string): readonly string[];
  /** addresses that nobody has in the subnet of a pool's machines */
  freeAddresses(pool: string): number;
  resize(pool: string, count: number): void;
  /** the same machine anew: another Node object of its name, nothing on it */
  replace(node: string): void;
  /** lets no more pods come to a node, and has those that are there go */
  drain(node: string): void;
  settle(): void;
  apply(settings: ClusterSettings): void;
}

export class Aks {
  readonly #machinery: Machinery;
  #settings: ClusterSettings;

  constructor(settings: ClusterSettings, machinery: Machinery) {
    this.#settings = settings;
    this.#machinery = machinery;
  }

  /** Undefined where it was done. */
  operate(operation: AksOperation): AksRefusal | undefined {
    switch (operation.do) {
      case 'scale':
        return this.#scale(operation.pool, operation.count, operation.by === 'aks');
      case 'upgrade':
        return this.#upgrade(operation.pool);
      case 'update-pool':
        return this.#change(this.#withPool(operation.pool, { maxCount: operation.maxCount, enableAutoScaling: true }));
      case 'expand':
        return this.#expand(operation.podCidr);
      case 'drain':
        this.#machinery.drain(operation.node);
        return undefined;
      case 'replace':
        this.#machinery.replace(operation.node);
        return undefined;
      default:
        throw new Error(`unknown operation ${JSON.stringify(operation satisfies never)}`);
    }
  }

  #scale(pool: string, count: number, isChecked: boolean): AksRefusal | undefined {
    const refusal = isChecked ? refusalOf(this.#withPool(pool, { count })) : undefined;
    if (refusal !== undefined) return refusal;
    const full = this.#subnetIsFull(pool, count - this.#machinery.countOf(pool));
    if (full !== undefined) return full;
    this.#machinery.resize(pool, count);
    return undefined;
  }

  /** A scale set gets all its new machines, or none. */
  #subnetIsFull(name: string, machines: number): AksRefusal | undefined {
    const pool = this.#profile(name);
    const needed = machines * addressesPerNode(this.#settings.networkProfile, pool);
    if (needed <= this.#machinery.freeAddresses(name)) return undefined;
    const { name: subnet, addressPrefix } = this.#settings.virtualNetwork.subnets.find(
      (each) => each.name === pool.vnetSubnet,
    )!;
    return {
      code: 'SubnetIsFull',
      message: `Subnet ${subnet} with address prefix ${addressPrefix} does not have enough capacity for ${needed} IP addresses.`,
    };
  }

  /** Every pool keeps room for its own surge. */
  #upgrade(pool: string): AksRefusal | undefined {
    const surging = this.#current().agentPoolProfiles.map((each) => ({
      ...each,
      count: each.count + surgeOf(each, each.count),
    }));
    const refusal = refusalOf({ ...this.#settings, agentPoolProfiles: surging });
    if (refusal !== undefined) return refusal;
    const { countOf, nodesOf } = this.#machinery;
    const count = countOf(pool);
    const surge = surgeOf(this.#profile(pool), count);
    const full = this.#subnetIsFull(pool, surge);
    if (full !== undefined) return full;
    const old = nodesOf(pool);
    this.#machinery.resize(pool, count + surge);
    this.#machinery.settle();
    for (const node of old) {
      this.#machinery.drain(node);
      this.#machinery.settle();
      this.#machinery.replace(node);
      this.#machinery.settle();
    }
    for (const node of nodesOf(pool).slice(count)) this.#machinery.drain(node);
    this.#machinery.settle();
    this.#machinery.resize(pool, count);
    return undefined;
  }

  #expand(podCidr: string): AksRefusal | undefined {
    const { networkProfile } = this.#settings;
    const field = 'networkProfile.podCidr';
    const [before, after] = [networkProfile.podCidr, parseCidr(podCidr)];
    if (networkProfile.networkPluginMode !== 'overlay' || before === undefined)
      return invalid(field, 'only Azure CNI Overlay can expand its pod range');
    if (after?.family !== 4) return invalid(field, `${podCidr} is not an IPv4 CIDR`);
    if (!encloses(after, cidrOf(before))) return invalid(field, `${podCidr} does not hold all of ${before}`);
    return this.#change({ ...this.#current(), networkProfile: { ...networkProfile, podCidr } });
  }

  #change(settings: ClusterSettings): AksRefusal | undefined {
    const refusal = refusalOf(settings);
    if (refusal !== undefined) return refusal;
    this.#settings = settings;
    this.#machinery.apply(settings);
    return undefined;
  }

  #profile(name: string): AgentPoolProfile {
    return this.#settings.agentPoolProfiles.find((pool) => pool.name === name)!;
  }

  /** The settings with as many nodes as there are. */
  #current(): ClusterSettings {
    const { countOf } = this.#machinery;
    const agentPoolProfiles = this.#settings.agentPoolProfiles.map((pool) => ({ ...pool, count: countOf(pool.name) }));
    return { ...this.#settings, agentPoolProfiles };
  }

  #withPool(name: string, change: Partial<AgentPoolProfile>): ClusterSettings {
    const current = this.#current();
    const changed = current.agentPoolProfiles.map((pool) => (pool.name === name ? { ...pool, ...change } : pool));
    return { ...current, agentPoolProfiles: changed };
  }
}

function refusalOf(settings: ClusterSettings): AksRefusal | undefined {
  const [error] = validateManagedCluster(settings);
  if (error === undefined) return undefined;
  const { code, detail, message } = error;
  // AKS's usual sentence for what has no code of its own does not say what is wrong.
  return { code, message: code === 'InvalidParameter' ? `${message} (${detail})` : message };
}

function invalid(field: string, detail: string): AksRefusal {
  return { code: 'InvalidParameter', message: `The value of parameter ${field} is invalid. (${detail})` };
}
