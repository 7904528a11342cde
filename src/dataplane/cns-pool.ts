/** The addresses that one node holds for its pods, as CNS keeps them (Azure/azure-container-networking cns/api.go). */
import type { Address, Key } from '../model/index.ts';

export interface CnsAddress {
  /** the network container that it came with */
  readonly container: string;
  readonly state: 'PendingProgramming' | 'Available' | 'Assigned' | 'PendingRelease';
  /** who holds it, where it is assigned */
  readonly pod?: Key;
}

export interface CnsPool {
  /** what DNC said last of each network container: empty, or `NCUpdateSubnetFullError` */
  readonly containers: readonly { readonly id: string; readonly status: string }[];
  /** in the order in which they are handed out */
  readonly addresses: ReadonlyMap<Address, CnsAddress>;
  /** the address handed out last */
  readonly last?: Address;
}
