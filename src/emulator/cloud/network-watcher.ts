/** Network Watcher over an emulated cluster's cloud: interfaces are named as their machines are. */
import { type Address, type azure, PROTOCOL_NUMBERS } from '../../model/index.ts';
import {
  type IpFlowVerdict,
  type NextHop,
  nextHop,
  verifyIpFlow,
  type WatchedGroup,
  type WatchedRoute,
  type WatcherParts,
  watchedGroups,
  watchedRoutes,
} from '../../packet/index.ts';
import { idOf } from './resources.ts';

/** A flow as `az network watcher test-ip-flow` takes it: the machine's own end, and the other one. */
export interface IpFlow {
  readonly direction: 'Inbound' | 'Outbound';
  readonly protocol: 'TCP' | 'UDP';
  readonly local: { readonly address: Address; readonly port: number };
  readonly remote: { readonly address: Address; readonly port: number };
}

export class NetworkWatcher {
  readonly #parts: WatcherParts;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  /** the machines that have an interface, sorted */
  get machines(): readonly string[] {
    return this.#parts.cloud.list('nic').map(({ name }) => name);
  }

  verifyIpFlow(machine: string, { direction, protocol, local, remote }: IpFlow): IpFlowVerdict | undefined {
    const [source, destination] = direction === 'Inbound' ? [remote, local] : [local, remote];
    const flow = {
      protocol: PROTOCOL_NUMBERS[protocol],
      source: source.address,
      sourcePort: source.port,
      destination: destination.address,
      destinationPort: destination.port,
    };
    return this.#of(machine, (nic) => verifyIpFlow(nic, direction, flow, this.#parts));
  }

  nextHop(machine: string, destination: Address): NextHop | undefined {
    return this.#of(machine, (nic) => nextHop(nic, destination, this.#parts));
  }

  effectiveRoutes(machine: string): readonly WatchedRoute[] | undefined {
    return this.#of(machine, (nic) => watchedRoutes(nic, this.#parts));
  }

  effectiveGroups(machine: string): readonly WatchedGroup[] | undefined {
    return this.#of(machine, (nic) => watchedGroups(nic, this.#parts));
  }

  /** Undefined where no machine has that name. */
  #of<T>(machine: string, read: (nic: azure.NetworkInterface) => T): T | undefined {
    const nic = this.#parts.cloud.get('nic', idOf('nic', machine));
    return nic === undefined ? undefined : read(nic);
  }
}
