/** The CoreDNS processes of a cluster: one for each of its pods, from when the kubelet starts its container until it is gone. */
import type { coredns } from '../../controllers/index.ts';
import type { ContainerRun, ProcessState } from '../dataplane/index.ts';
import {
  type Address,
  type DnsMessage,
  formatAddress,
  isNameServer,
  type Key,
  keyOf,
  type Packet,
  type Pod,
  type ProtocolNumber,
} from '../model/index.ts';
import { type ContainerOptions, NameServerContainer } from './name-server-container.ts';
import type { NameServerReply } from './outside-names.ts';

export interface NameServerOptions extends Omit<ContainerOptions, 'log' | 'upstream' | 'addresses' | 'told'> {
  readonly log: (pod: Key, line: string) => void;
  readonly upstream: (pod: Key, server: string, query: DnsMessage, over: coredns.Transport) => coredns.UpstreamReply;
  /** how a pod's process is now; undefined where it is gone */
  readonly told: (pod: Key, state: ProcessState | undefined) => void;
  readonly pod: (key: Key) => Pod | undefined;
  /** what a name server outside of the cluster answers; undefined where none has that address */
  readonly outside: (address: string, query: DnsMessage) => NameServerReply | undefined;
}

const DNS_PORT = 53;

export class NameServers {
  readonly #options: NameServerOptions;
  readonly #running = new Map<Key, NameServerContainer>();

  constructor(options: NameServerOptions) {
    this.#options = options;
  }

  /** What the kubelet has told the container runtime of a pod's container. */
  containerChanged(key: Key, run: ContainerRun | undefined): void {
    const running = this.#running.get(key);
    if (run === undefined || running?.uid !== run.uid || running.since !== run.since) {
      this.#remove(key);
      if (run !== undefined) this.#start(key, run);
    } else if (run.stop !== undefined) running.stop(run.stop.graceMs);
  }

  /** The files that the pods have mounted have changed. */
  filesChanged(): void {
    for (const running of this.#running.values()) running.filesChanged();
  }

  /** CoreDNS's informers have listed everything, or are gone. */
  syncChanged(): void {
    for (const running of this.#running.values()) running.syncChanged();
  }

  /** Whether a packet to a port of a name server's pod finds its process. */
  listensOn(pod: Pod, address: Address, port: number, protocol: ProtocolNumber): boolean {
    return this.#running.get(keyOf(pod))?.listensOn(address, port, protocol) === true;
  }

  /** What a name server's pod answers over HTTP; undefined where it does not listen there. */
  httpStatus(pod: Pod, address: Address, port: number, path: string): number | undefined {
    return this.#running.get(keyOf(pod))?.httpStatus(address, port, path);
  }

  /** What is answered where a query arrived: in a pod, or (undefined) outside of the cluster. A process that has ended refuses. */
  answer(pod: Pod | undefined, packet: Packet, query: DnsMessage): NameServerReply | 'refused' | 'silent' {
    if (pod === undefined) {
      const { destination, destinationPort } = packet;
      const outside = this.#options.outside(formatAddress(destination), query);
      // Name servers outside listen on no other port.
      return outside !== undefined && destinationPort !== DNS_PORT ? 'refused' : (outside ?? 'silent');
    }
    return isNameServer(pod) ? (this.#running.get(keyOf(pod))?.answer(packet, query) ?? 'refused') : 'silent';
  }

  /** What its metrics endpoint shows; undefined where its process does not run. */
  metricsOf(pod: Pod): string | undefined {
    return this.#running.get(keyOf(pod))?.metrics;
  }

  #start(key: Key, run: ContainerRun): void {
    const { log, dice, upstream, told, pod, outside: _, ...options } = this.#options;
    const found = pod(key);
    if (found === undefined) return;
    const container = new NameServerContainer(found, run, {
      ...options,
      dice: dice.split(key),
      log: (line) => log(key, line),
      upstream: (server, query, over) => upstream(key, server, query, over),
      addresses: () => this.#addressesOf(key),
      told: (state) => told(key, state),
    });
    this.#running.set(key, container);
  }

  #remove(key: Key): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    running.kill();
    this.#running.delete(key);
    this.#options.told(key, undefined);
  }

  /** Its sandbox's, before its status tells of them. */
  #addressesOf(key: Key): readonly string[] {
    const network = this.#options.dataplane().pod.get(key);
    if (network !== undefined) return network.addresses.map(formatAddress);
    return (this.#options.pod(key)?.status.podIPs ?? []).map(({ ip }) => ip);
  }
}
