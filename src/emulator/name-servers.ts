/** The CoreDNS processes of a cluster: one for each of its pods, from when the pod runs until it is gone. */
import { type DnsMessage, formatAddress, type Key, keyOf, type Packet, type Pod } from '../model/index.ts';
import { NameServerProcess, type ProcessOptions } from './name-server-process.ts';
import type { NameServerReply } from './outside-names.ts';

export interface NameServerOptions extends Omit<ProcessOptions, 'log'> {
  readonly log: (pod: Key, line: string) => void;
  /** what a name server outside of the cluster answers; undefined where none has that address */
  readonly outside: (address: string, query: DnsMessage) => NameServerReply | undefined;
}

/** Whether a pod is one of the cluster's name servers, by the label that Service kube-dns selects. */
export function isNameServer({ metadata }: Pod): boolean {
  return metadata.labels?.['k8s-app'] === 'kube-dns';
}

export class NameServers {
  readonly #options: NameServerOptions;
  readonly #running = new Map<Key, NameServerProcess>();

  constructor(options: NameServerOptions) {
    this.#options = options;
  }

  /** A name server's pod has changed, or is gone. */
  podChanged(pod: Pod, isGone: boolean): void {
    if (isGone) {
      const running = this.#running.get(keyOf(pod));
      if (running?.uid !== pod.metadata.uid) return;
      running.stop();
      this.#running.delete(keyOf(pod));
    } else if (pod.status.phase === 'Running') {
      this.#processOf(pod);
    }
  }

  /** The files that the pods have mounted have changed. */
  filesChanged(): void {
    for (const running of this.#running.values()) running.filesChanged();
  }

  /** What is answered where a query arrived: in a pod, or (undefined) outside of the cluster. A process that has ended refuses. */
  answer(pod: Pod | undefined, packet: Packet, query: DnsMessage): NameServerReply | 'refused' | 'silent' {
    if (pod === undefined) return this.#options.outside(formatAddress(packet.destination), query) ?? 'silent';
    return isNameServer(pod) ? (this.#processOf(pod).answer(packet, query) ?? 'refused') : 'silent';
  }

  /** What its metrics endpoint shows; undefined where its process does not run. */
  metricsOf(pod: Pod): string | undefined {
    return this.#processOf(pod).metrics;
  }

  #processOf(pod: Pod): NameServerProcess {
    const key = keyOf(pod);
    const running = this.#running.get(key);
    if (running?.uid === pod.metadata.uid) return running;
    running?.stop();
    const { log, dice, outside: _, ...options } = this.#options;
    const own = { ...options, dice: dice.split(key), log: (line: string) => log(key, line) };
    const process = new NameServerProcess(pod, own);
    this.#running.set(key, process);
    return process;
  }
}
