/**
 * Defects of Azure/azure-container-networking that a cluster can be run with, by the number of the issue or pull request that
 * tells of each. Every node's CNS and network plugin read the list when they come up.
 *
 *   885   CNS knows a sandbox by its pod's name: a DEL that comes late takes the address of the sandbox that came after
 *   2022  CNS starts without reading which addresses are being given back, and hands them out
 *   4210  CNS takes the NodeNetworkConfig of an earlier node of the same name for its own
 *   4497  a sandbox that goes without a DEL keeps its address for ever
 */
import type { Dataplane } from './dataplane.ts';

export const DEFECTS = [885, 2022, 4210, 4497] as const;
export type Defect = (typeof DEFECTS)[number];

/** The file that lists them, in `Dataplane.file`. */
export const UNFIXED_FILE = 'azure-cns-unfixed';

export function hasDefect({ file }: Pick<Dataplane, 'file'>, defect: Defect): boolean {
  return file.get(UNFIXED_FILE)?.split(' ').includes(String(defect)) === true;
}
