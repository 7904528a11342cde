/** A flow as Azure's fabric sees it: the five-tuple of its first packet. */
import type { Address, ProtocolNumber } from '../../model/index.ts';

export interface Flow {
  readonly protocol: ProtocolNumber;
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}
