/** The nodes of one agent pool while a plan grows, and how many pods are on each. */
import { type AddressModel, type AgentPoolProfile, addressModelOf, type NetworkProfile } from '../model/index.ts';
import { SpaceLedger } from './space.ts';

export interface GrowingNode {
  /** which it is of all nodes, in the order in which they came */
  readonly order: number;
  pods: number;
  /** addresses of its pod subnet that it has for its pods, where these come in batches */
  granted: number;
}

/** What the space is called that the nodes of a pool have for pods. */
export function maxPodsOf(pool: string): string {
  return `maxPods of ${pool}`;
}

export class GrowingPool {
  readonly profile: AgentPoolProfile;
  readonly model: AddressModel;
  readonly nodes: GrowingNode[] = [];
  readonly room: SpaceLedger;
  #fewest = 0;
  #next = 0;

  constructor(profile: AgentPoolProfile, networkProfile: NetworkProfile, index: number) {
    this.profile = profile;
    this.model = addressModelOf(networkProfile, profile)!;
    const setting = `agentPoolProfiles[${index}].maxPods`;
    this.room = new SpaceLedger({ kind: 'maxPods', name: maxPodsOf(profile.name), setting, size: 0 });
  }

  addNode(order: number, granted: number): void {
    const node = { order, pods: 0, granted };
    this.nodes.push(node);
    this.room.extend(this.profile.maxPods);
    this.#fewest = 0;
    this.#next = 0;
  }

  removeNode(): GrowingNode {
    this.room.extend(-this.profile.maxPods);
    this.#next = 0;
    return this.nodes.pop()!;
  }

  /** The node that the scheduler chooses next: of those with the fewest pods the first. There must be one. */
  leastLoaded(): GrowingNode {
    for (;;) {
      for (; this.#next < this.nodes.length; this.#next++) {
        const node = this.nodes[this.#next]!;
        if (node.pods === this.#fewest) return node;
      }
      this.#next = 0;
      this.#fewest++;
    }
  }
}
