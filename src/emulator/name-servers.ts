/** The CoreDNS processes: one for each of its pods, with caches of its own, started anew when its Corefile changes. */
import { coredns } from '../../controllers/index.ts';
import type { Dataplane } from '../dataplane/index.ts';
import {
  addressOf,
  type Dice,
  type DnsMessage,
  keyOf,
  type Moment,
  type Packet,
  type Pod,
  TCP,
} from '../model/index.ts';
import { outsideAnswer, type PublicNames } from './outside-names.ts';

export interface NameServerOptions {
  readonly dataplane: () => Dataplane;
  readonly now: () => Moment;
  readonly dice: Dice;
  readonly log: (line: string) => void;
  readonly publicNames: PublicNames;
}

interface Running {
  readonly uid: string;
  readonly corefile: string;
  readonly server: coredns.DnsServer;
}

/** Whether a pod is one of the cluster's name servers, by the label that Service kube-dns selects. */
function isNameServer({ metadata }: Pod): boolean {
  return metadata.labels?.['k8s-app'] === 'kube-dns';
}

export class NameServers {
  readonly #options: NameServerOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: NameServerOptions) {
    this.#options = options;
  }

  /** What is answered where a query arrived: in a pod, or (undefined) outside of the cluster. Undefined for silence. */
  answer(pod: Pod | undefined, packet: Packet, query: DnsMessage): DnsMessage | undefined {
    if (pod !== undefined) return isNameServer(pod) ? this.#answerOf(pod, packet, query) : undefined;
    if (packet.destination !== AZURE_RESOLVER_ADDRESS) return undefined;
    return outsideAnswer(query, this.#options.publicNames);
  }

  /** What this pod's CoreDNS answers; undefined while it has no Corefile. */
  #answerOf(pod: Pod, packet: Packet, query: DnsMessage): DnsMessage | undefined {
    const { dataplane, now, dice, log, publicNames } = this.#options;
    const facts = dataplane();
    const server = this.#serverOf(pod, facts.file.get(coredns.COREFILE));
    if (server === undefined) return undefined;
    const context: coredns.DnsContext & { at: Moment } = {
      at: now(),
      wait: (ms: number) => {
        context.at += ms;
      },
      dice,
      client: packet.source,
      connection: {
        protocol: packet.protocol === TCP ? 'tcp' : 'udp',
        clientPort: packet.sourcePort,
        server: packet.destination,
        serverPort: packet.destinationPort,
      },
      facts,
      synced: true,
      localAddresses: (pod.status.podIPs ?? []).map(({ ip }) => ip),
      upstream: (_server: string, asked: DnsMessage): coredns.UpstreamReply => {
        return { outcome: 'replied', message: outsideAnswer(asked, publicNames) };
      },
      log,
    };
    return coredns.answer(server, query, context);
  }

  #serverOf(pod: Pod, corefile: string | undefined): coredns.DnsServer | undefined {
    if (corefile === undefined) return undefined;
    const key = keyOf(pod);
    const running = this.#running.get(key);
    if (running?.uid === pod.metadata.uid && running.corefile === corefile) return running.server;
    const started = coredns.startServer(corefile, { nameservers: [AZURE_RESOLVER] });
    // The controller loads only what starts; a Corefile that does not is a fault of ours.
    if (!started.ok) throw started.error;
    this.#running.set(key, { uid: pod.metadata.uid, corefile, server: started.server });
    return started.server;
  }
}

/** Azure's resolver, which every virtual machine has in its resolv.conf (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16). */
export const AZURE_RESOLVER = '168.63.129.16';
export const AZURE_RESOLVER_ADDRESS = addressOf(AZURE_RESOLVER);
