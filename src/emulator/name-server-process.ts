/**
 * One CoreDNS process, in one pod: it reads its files when it starts and whenever plugin reload looks, answers, checks on
 * others in its own time, and may end.
 *
 * Source: CoreDNS plugin/reload/reload.go; Caddy v1 caddy.go (`Restart`); kubelet's back-off of containers that crash
 * (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy).
 */
import { coredns } from '../../controllers/index.ts';
import type { Dataplane } from '../dataplane/index.ts';
import { type Dice, type DnsMessage, type Moment, type Packet, type Pod, TCP } from '../model/index.ts';
import type { NameServerReply } from './outside-names.ts';

export interface ProcessOptions {
  readonly dataplane: () => Dataplane;
  readonly now: () => Moment;
  readonly dice: Dice;
  /** runs something after so long */
  readonly later: (ms: number, action: () => void) => void;
  readonly log: (line: string) => void;
  /** whom the pod's resolv.conf names */
  readonly nameservers: readonly string[];
  /** sends a query from the pod to a name server */
  readonly upstream: (pod: Pod, server: string, query: DnsMessage, over: coredns.Transport) => coredns.UpstreamReply;
}

type Files = Readonly<Record<string, string>>;

const BACK_OFF_MS = 10_000;
const BACK_OFF_MS_MAX = 300_000;
/** How often one query may come round to the process that forwards it, before it is lost. */
const ROUNDS_MAX = 4;

/** What the files say, however they are spaced: two Corefiles that read the same are the same. Throws a `CorefileError`. */
function contentOf(files: Files): string {
  return coredns.printCorefile(coredns.parseCorefile(files[coredns.COREFILE] ?? '', { files }));
}

export class NameServerProcess {
  readonly #options: ProcessOptions;
  readonly #pod: Pod;
  #server: coredns.DnsServer | undefined;
  /** what the files said when they were last looked at, even where the server could not be had with it */
  #content = '';
  #reload: { readonly from: Moment; readonly intervalMs: number } | undefined;
  #looksAt: Moment | undefined;
  #wakesAt: Moment | undefined;
  #crashes = 0;
  #rounds = 0;
  #isStopped = false;

  constructor(pod: Pod, options: ProcessOptions) {
    this.#pod = pod;
    this.#options = options;
    this.#start();
  }

  get uid(): string {
    return this.#pod.metadata.uid;
  }

  /** What it has counted; undefined while it does not run. */
  get metrics(): string | undefined {
    return this.#server && coredns.formatMetrics(coredns.metricsOf(this.#server));
  }

  /** The pod is gone: nothing more is done on time. */
  stop(): void {
    this.#isStopped = true;
    this.#server = undefined;
  }

  /** Undefined where nobody listens: the process has ended, and waits to be started again. */
  answer(packet: Packet, query: DnsMessage): NameServerReply | undefined {
    if (this.#server === undefined || this.#rounds >= ROUNDS_MAX) return undefined;
    this.#rounds++;
    const context = this.#context(packet);
    const before = context.at;
    const message = coredns.answer(this.#server, query, context);
    this.#rounds--;
    this.#planWake();
    return this.#server === undefined ? undefined : { message, afterMs: context.at - before };
  }

  /** The files in the pod have changed. They are looked at when plugin reload next does. */
  filesChanged(): void {
    if (this.#server === undefined && this.#crashes === 0) this.#start();
    else this.#planLook();
  }

  #files(): Files {
    return this.#options.dataplane().file.toObject();
  }

  /** A process whose Corefile is broken ends, as one that crashes does. */
  #start(): void {
    const files = this.#files();
    if (this.#isStopped || files[coredns.COREFILE] === undefined) return;
    const started = this.#load(files);
    if (!started.ok) {
      this.#exit(started.error.message);
      return;
    }
    this.#content = contentOf(files);
    this.#run(started.server);
  }

  #load(files: Files): coredns.ServerStart {
    const { nameservers } = this.#options;
    return coredns.startServer(files[coredns.COREFILE] ?? '', { files, nameservers });
  }

  #run(server: coredns.DnsServer): void {
    const { now, dice, later } = this.#options;
    this.#server = server;
    const times = coredns.reloadOf(server);
    this.#reload = times && {
      from: now(),
      intervalMs: times.intervalMs + (times.jitterMs === 0 ? 0 : dice.below(times.jitterMs) - times.jitterMs / 2),
    };
    later(0, () => this.#begin(server));
  }

  #begin(server: coredns.DnsServer): void {
    if (this.#server !== server) return;
    const own = this.#ownPacket();
    coredns.begin(server, this.#context(own), (query) => void this.answer(own, query));
    this.#planWake();
  }

  /** A query to itself comes from one of its own ports. */
  #ownPacket(): Packet {
    const loopback = 0x7f000001;
    const ports = { sourcePort: 40_000, destinationPort: 53 };
    return { protocol: 17, source: loopback, destination: loopback, ...ports, flags: 0, ttl: 64 };
  }

  #exit(line: string): void {
    this.#options.log(line);
    this.#server = undefined;
    const backOffMs = Math.min(BACK_OFF_MS * 2 ** this.#crashes, BACK_OFF_MS_MAX);
    this.#crashes++;
    this.#options.later(backOffMs, () => this.#start());
  }

  /** Looks at the files at the next tick, if it looks at all and not already will. */
  #planLook(): void {
    const { now, later } = this.#options;
    if (this.#reload === undefined || this.#looksAt !== undefined) return;
    const { from, intervalMs } = this.#reload;
    const ticks = Math.floor((now() - from) / intervalMs) + 1;
    this.#looksAt = from + ticks * intervalMs;
    later(this.#looksAt - now(), () => this.#look());
  }

  #look(): void {
    this.#looksAt = undefined;
    if (this.#server === undefined) return;
    const { log } = this.#options;
    const files = this.#files();
    let content: string;
    try {
      content = contentOf(files);
    } catch (error) {
      if (!(error instanceof coredns.CorefileError)) throw error;
      log(`[WARNING] plugin/reload: Corefile parse failed: ${error.message}`);
      this.#planLook();
      return;
    }
    if (content === this.#content) return;
    this.#content = content;
    log('[INFO] Reloading');
    const started = this.#load(files);
    if (started.ok) {
      this.#run(started.server);
      log('[INFO] Reloading complete');
      return;
    }
    log(`[ERROR] Restart failed: ${started.error.message}`);
    log(`[ERROR] plugin/reload: Corefile changed but reload failed: ${started.error.message}`);
  }

  /** Wakes the server when it next has something to do of its own accord. */
  #planWake(): void {
    if (this.#server === undefined) return;
    const due = coredns.dueAt(this.#server);
    if (due === undefined || (this.#wakesAt !== undefined && this.#wakesAt <= due)) return;
    this.#wakesAt = due;
    this.#options.later(due - this.#options.now(), () => {
      this.#wakesAt = undefined;
      if (this.#server !== undefined) coredns.wake(this.#server, this.#context(this.#ownPacket()));
      this.#planWake();
    });
  }

  #context(packet: Packet): coredns.DnsContext {
    const { dataplane, now, dice, log, upstream } = this.#options;
    const server = this.#server;
    const context: coredns.DnsContext & { at: Moment } = {
      at: now(),
      wait: (ms) => {
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
      facts: dataplane(),
      synced: true,
      localAddresses: coredns.localAddressesOf((this.#pod.status.podIPs ?? []).map(({ ip }) => ip)),
      upstream: (address, query, over) => upstream(this.#pod, address, query, over),
      exit: (line) => {
        if (this.#server !== undefined) this.#exit(line);
      },
      // A process that has ended under a query says nothing more.
      log: (line) => {
        if (this.#server === server) log(line);
      },
    };
    return context;
  }
}
