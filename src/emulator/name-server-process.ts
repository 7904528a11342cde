/**
 * One CoreDNS process: it reads its files when it starts and whenever plugin reload looks, waits for its informers, answers,
 * checks on others in its own time, and ends, by itself or because it is told to.
 *
 * Source: CoreDNS plugin/reload/reload.go, plugin/kubernetes/kubernetes.go (`InitKubeCache`), plugin/health/health.go; Caddy v1
 * caddy.go (`Restart`), sigtrap_posix.go.
 */
import { coredns } from '../../controllers/index.ts';
import type { Dataplane } from '../dataplane/index.ts';
import {
  type Address,
  type Dice,
  type DnsMessage,
  type Moment,
  type Packet,
  parseAddress,
  TCP,
  UDP,
} from '../model/index.ts';
import type { NameServerReply } from './outside-names.ts';

export interface ProcessOptions {
  readonly dataplane: () => Dataplane;
  readonly now: () => Moment;
  readonly dice: Dice;
  /** runs something after so long */
  readonly later: (ms: number, action: () => void) => void;
  readonly log: (line: string) => void;
  /** whether CoreDNS's informers have listed everything */
  readonly synced: () => boolean;
  /** its pod's addresses */
  readonly addresses: () => readonly string[];
  /** whom its resolv.conf names */
  readonly nameservers: readonly string[];
  /** sends a query to a name server */
  readonly upstream: (server: string, query: DnsMessage, over: coredns.Transport) => coredns.UpstreamReply;
  /** it may answer probes otherwise than before */
  readonly changed: () => void;
  /** it has ended by itself */
  readonly exited: () => void;
}

type Files = Readonly<Record<string, string>>;

type Loaded =
  | { readonly ok: true; readonly server: coredns.DnsServer }
  | { readonly ok: false; readonly reason: string };

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** How often one query may come round to the process that forwards it, before it is lost. */
const ROUNDS_MAX = 4;
/** How often it says that it waits for the apiserver. */
const WAITING_TOLD_MS = 500;

/** What the files say, and on which lines. Throws a `CorefileError`. */
function contentOf(files: Files): string {
  return coredns.versionText(coredns.parseCorefile(files[coredns.COREFILE] ?? '', { files }));
}

const LOOPBACK_ADDRESS = 0x7f000001;

/** A query to itself comes from one of its own ports. */
function ownPacket(destination: Address = LOOPBACK_ADDRESS, destinationPort = 53): Packet {
  const ports = { sourcePort: 40_000, destinationPort };
  return { protocol: UDP, source: destination, destination, ...ports, flags: 0, ttl: 64 };
}

export class NameServerProcess {
  readonly #options: ProcessOptions;
  #server: coredns.DnsServer | undefined;
  /** what the files said when they were last looked at, even where the server could not be had with it */
  #content = '';
  #reloads: coredns.Reloads = { failed: 0, version: undefined };
  #reload: { readonly from: Moment; readonly intervalMs: number } | undefined;
  #looksAt: Moment | undefined;
  #wakesAt: Moment | undefined;
  #rounds = 0;
  /** by the servers that reloads have replaced */
  #counted: readonly coredns.MetricFamily[] = [];
  #isSynced = false;
  #isListening = false;
  /** what its informers had brought when it was told to end: they are stopped first */
  #lastFacts: Dataplane | undefined;

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  /** Where its Corefile is broken it ends at once. */
  start(): void {
    const files = this.#files();
    const started = this.#load(files);
    if (!started.ok) {
      this.#exit(started.reason);
      return;
    }
    this.#content = contentOf(files);
    this.#server = started.server;
    this.#isSynced = this.#options.synced();
    this.#schedule(started.server);
    this.#wait(started.server, coredns.startupWaitMsOf(started.server));
  }

  /** whether it was told to end */
  get isEnding(): boolean {
    return this.#lastFacts !== undefined;
  }

  /** What its metrics endpoint shows: undefined where it has none, or has ended. Counters outlive the server that is replaced. */
  get metrics(): string | undefined {
    const server = this.#server;
    if (server === undefined || !coredns.hasEndpoint(server, '/metrics')) return undefined;
    const counted = [...this.#counted, ...this.#countedBy(server), ...coredns.reloadMetrics(this.#reloads)];
    return coredns.formatMetrics(coredns.joinFamilies(counted));
  }

  /** Whether a query to one of its addresses is taken. */
  listensOn(address: Address, port: number): boolean {
    if (this.#server === undefined || !this.#isListening) return false;
    return coredns.socketAt(this.#server, address, port) !== undefined;
  }

  /** What it answers over HTTP; undefined where nobody listens there. */
  httpStatus(asked: coredns.HttpQuestion): number | undefined {
    return this.#server && coredns.httpStatus(this.#server, asked, this.#isSynced);
  }

  /** Undefined where nobody listens: it waits for its informers, or has ended. */
  answer(packet: Packet, query: DnsMessage): NameServerReply | undefined {
    if (this.#server === undefined || !this.#isListening || this.#rounds >= ROUNDS_MAX) return undefined;
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
    this.#planLook();
  }

  /** The informers have listed everything, perhaps. */
  syncChanged(): void {
    if (this.#server === undefined || this.#isSynced || !this.#options.synced()) return;
    this.#isSynced = true;
    this.#listen(this.#server);
    this.#options.changed();
  }

  /** SIGTERM: for so many milliseconds it goes on, with what its informers have brought so far. */
  terminate(): number {
    const { log, dataplane } = this.#options;
    log('[INFO] SIGTERM: Shutting down servers then terminating');
    const lameduckMs = this.#server === undefined ? 0 : coredns.lameduckMsOf(this.#server);
    if (lameduckMs > 0) log(`[INFO] plugin/health: Going into lameduck mode for ${coredns.durationText(lameduckMs)}`);
    this.#reload = undefined;
    this.#lastFacts = dataplane();
    return lameduckMs;
  }

  /** It is no more: nothing is done on time. */
  end(): void {
    this.#server = undefined;
  }

  #files(): Files {
    return this.#options.dataplane().file.toObject();
  }

  #load(files: Files): Loaded {
    const { nameservers, addresses } = this.#options;
    const interfaces = { lo: LOOPBACK, eth0: addresses() };
    const resolve = (hostname: string, resolvers: readonly string[]) => this.#resolve(hostname, resolvers);
    const sources = { files, nameservers, interfaces, resolve };
    const started = coredns.startServer(files[coredns.COREFILE] ?? '', sources);
    if (!started.ok) return { ok: false, reason: started.error.message };
    const [foreign] = coredns.foreignSockets(started.server, [...LOOPBACK, ...addresses()]);
    if (foreign === undefined) return started;
    const address = foreign.name.replace('dns://', '');
    return { ok: false, reason: `listen tcp ${address}: bind: cannot assign requested address` };
  }

  /** A name server that the Corefile names by its host name. */
  #resolve(hostname: string, resolvers: readonly string[]): ReturnType<typeof coredns.lookUpHost> {
    const { nameservers, upstream, addresses, dice } = this.#options;
    return coredns.lookUpHost(hostname, resolvers, {
      nameservers,
      ask: (server, query) => upstream(server, query, 'udp'),
      from: () => `${addresses()[0]}:${32_768 + dice.below(28_232)}`,
    });
  }

  #countedBy(server: coredns.DnsServer): readonly coredns.MetricFamily[] {
    return coredns.metricsOf(server, this.#options.now());
  }

  #exit(line: string): void {
    this.#options.log(line);
    this.#server = undefined;
    this.#options.exited();
  }

  /** Listens once the informers have synced, or after so long without them. */
  #wait(server: coredns.DnsServer, leftMs: number): void {
    const { later, log } = this.#options;
    if (this.#server !== server || this.#isListening) return;
    if (this.#isSynced) {
      this.#listen(server);
      return;
    }
    if (leftMs <= 0) {
      log('[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API');
      this.#listen(server);
      return;
    }
    const stepMs = Math.min(leftMs, WAITING_TOLD_MS);
    later(stepMs, () => {
      if (this.#server !== server || this.#isListening) return;
      if (leftMs > stepMs) log('[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server');
      this.#wait(server, leftMs - stepMs);
    });
  }

  #listen(server: coredns.DnsServer): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#options.later(0, () => this.#begin(server));
  }

  #schedule(server: coredns.DnsServer): void {
    const { now, dice } = this.#options;
    const times = coredns.reloadOf(server);
    this.#reload = times && {
      from: now(),
      intervalMs: times.intervalMs + (times.jitterMs === 0 ? 0 : dice.below(times.jitterMs) - times.jitterMs / 2),
    };
  }

  #begin(server: coredns.DnsServer): void {
    if (this.#server !== server) return;
    coredns.begin(server, this.#context(ownPacket()), (query, host, port) => {
      this.answer(ownPacket(parseAddress(host), port), query);
    });
    this.#planWake();
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
    if (this.#server === undefined || this.#reload === undefined) return;
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
    this.#replace(files);
  }

  #replace(files: Files): void {
    const { log, later, changed } = this.#options;
    const started = this.#load(files);
    this.#reloads = { failed: this.#reloads.failed + (started.ok ? 0 : 1), version: this.#content };
    if (!started.ok) {
      log(`[ERROR] Restart failed: ${started.reason}`);
      log(`[ERROR] plugin/reload: Corefile changed but reload failed: ${started.reason}`);
      return;
    }
    const { server } = started;
    const before = this.#server === undefined ? [] : this.#countedBy(this.#server);
    this.#counted = coredns.joinFamilies([...this.#counted, ...before.filter(({ type }) => type !== 'gauge')]);
    this.#server = server;
    this.#schedule(server);
    later(0, () => this.#begin(server));
    log('[INFO] Reloading complete');
    changed();
  }

  /** Wakes the server when it next has something to do of its own accord. */
  #planWake(): void {
    if (this.#server === undefined) return;
    const due = coredns.dueAt(this.#server);
    if (due === undefined || (this.#wakesAt !== undefined && this.#wakesAt <= due)) return;
    this.#wakesAt = due;
    this.#options.later(due - this.#options.now(), () => {
      this.#wakesAt = undefined;
      if (this.#server !== undefined) coredns.wake(this.#server, this.#context(ownPacket()));
      this.#planWake();
    });
  }

  #context(packet: Packet): coredns.DnsContext {
    const { dataplane, now, dice, log, upstream, addresses } = this.#options;
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
      facts: this.#lastFacts ?? dataplane(),
      synced: this.#isSynced,
      localAddresses: coredns.localAddressesOf(addresses()),
      upstream,
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
