/**
 * packet: one packet's walk through hosts, hooks, chains and translations. Reads a World, never a Kubernetes object; changes
 * nothing until its caller commits.
 */
export { ClusterWorld, type Surroundings, type WorldParts, worldOf } from './cluster-world.ts';
export type { AzureFabric } from './fabric/azure-fabric.ts';
export * from './fabric/network-watcher.ts';
export * from './ipvs/index.ts';
export { type Outcome, outcomes } from './outcomes.ts';
export { RecentLists } from './recent.ts';
export * from './resolver/index.ts';
export {
  type CarriedFlow,
  carriedFlow,
  commit,
  forgetFlow,
  type SendOptions,
  send,
  sendResets,
  type Walked,
} from './send.ts';
export { type SoloNode, type SoloWorld, soloWorld } from './solo-world.ts';
export type { Hop, Host, World } from './world.ts';
