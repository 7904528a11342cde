/** emulator: the composition root. Alone knows time and chance. */

export type { DeleteOptions, Outcome, StatusError } from '../apiserver/index.ts';
export {
  type ManagedClusterError,
  RESERVED_RANGES,
  selectorFindings,
  validateManagedCluster,
} from '../apiserver/index.ts';
export type { AksOperation, AksRefusal } from './aks.ts';
export type { CloudChange } from './cloud/hand-change.ts';
export type { IpFlow, NetworkWatcher } from './cloud/network-watcher.ts';
export * from './contract.ts';
export { SeededDice } from './dice.ts';
export { DUMP_KINDS, type DumpKind } from './dump.ts';
export * from './emulator.ts';
export * from './invariants.ts';
export { type LoneNode, outcomesThrough, type PacketOutcome, type ParseFailure } from './lone-node.ts';
export { NoSuchTargetError, parseDestination } from './traffic.ts';
