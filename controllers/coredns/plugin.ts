/**
 * What a plugin is: it reads its directives once, when a Corefile is loaded, and then handles queries, itself or by asking the
 * next plugin of its server block's chain.
 *
 * Source: CoreDNS plugin/plugin.go.
 */
import type { Dataplane } from '../../src/dataplane/index.ts';
import type {
  Address,
  Dice,
  DnsClass,
  DnsMessage,
  DnsRecord,
  Edns,
  Moment,
  Rcode,
  RecordType,
} from '../../src/model/index.ts';
import type { Directive } from './corefile/parse.ts';
import type { MetricFamily } from './metrics.ts';
import type { ExternalNames } from './plugins/kubernetes/external.ts';

/** What the kubernetes plugin answers from: what CoreDNS's own informers have brought, which may lag. */
export type DnsFacts = Pick<Dataplane, 'dns' | 'dnsImport' | 'dnsNamespace' | 'dnsPod' | 'dnsModified'>;

export type Transport = 'udp' | 'tcp' | 'tls' | 'https';

/** What became of a query to a name server outside, and after how many milliseconds (0 where it is not said). */
export type UpstreamReply =
  | { readonly outcome: 'replied'; readonly message: DnsMessage; readonly afterMs?: number }
  /** a network error: nobody listens there, or the connection broke */
  | { readonly outcome: 'refused'; readonly afterMs?: number }
  | { readonly outcome: 'silent' };

/** Asks a name server outside (`168.63.129.16:53`) at a moment, which may lie ahead of the query that is being answered. */
export type Upstream = (server: string, query: DnsMessage, over: Transport, at: Moment) => UpstreamReply;

/** How a query came. */
export interface Connection {
  readonly protocol: 'udp' | 'tcp';
  readonly clientPort: number;
  readonly server: Address;
  readonly serverPort: number;
}

/** What one query is answered under. */
export interface DnsContext {
  /** moves on while the query waits for others */
  readonly at: Moment;
  /** lets so much time pass for this query */
  readonly wait: (ms: number) => void;
  readonly dice: Dice;
  readonly client: Address;
  /** left out where nothing is known of it; it is taken for UDP then */
  readonly connection?: Connection;
  readonly facts: DnsFacts;
  /** whether the informers have listed everything once */
  readonly synced: boolean;
  /** the server's own addresses, without loopback: its pod's */
  readonly localAddresses: readonly string[];
  readonly upstream: Upstream;
  /** where the server listens that was asked, `dns://:53`, kept for what plugins count */
  server?: string;
  /** the plugin that was asked last, kept for plugin prometheus */
  asked?: string;
  /** ends the process; what it says last goes to the log */
  readonly exit?: (line: string) => void;
  /** where the plugins' log lines go */
  readonly log?: ((line: string) => void) | undefined;
}

/** The label `server` of what is counted; where nothing is known of it, the usual one. */
export function serverIn({ server = 'dns://:53' }: DnsContext): string {
  return server;
}

/** What a zone's own records are made of. */
export type ZoneContext = Pick<DnsContext, 'facts' | 'localAddresses'>;

export interface DnsRequest {
  readonly id: number;
  /** spelled as the client spelled it */
  readonly name: string;
  /** in lower case */
  readonly lowerName: string;
  readonly type: RecordType;
  readonly class: DnsClass;
  readonly recursionDesired: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  readonly edns: Edns | undefined;
  /** of an incremental transfer: the serial that the client has */
  readonly serial?: number | undefined;
  /** what plugins say of this query under a label, such as `kubernetes/client-namespace`; only where plugin metadata is on */
  readonly metadata?: ((label: string) => string | undefined) | undefined;
  /**
   * Asks this whole server again, as CoreDNS's `upstream` package does for the target of a CNAME. Undefined where no reply
   * comes, as when look-ups lead to look-ups without end.
   */
  readonly lookup: (name: string, type: RecordType) => DnsMessage | undefined;
}

/** A code that no plugin has written as a message: the server does, and the cache never sees it. */
export type BareCode = Exclude<Rcode, 'NOERROR'>;

/** A bare code with the error that plugin errors logs. */
export interface Failure {
  readonly failed: BareCode;
  readonly error: string;
}

export type DnsReply = DnsMessage | BareCode | Failure;

export function isMessage(reply: DnsReply): reply is DnsMessage {
  return typeof reply !== 'string' && 'rcode' in reply;
}

export type Handler = (request: DnsRequest, context: DnsContext) => DnsReply;

/** What a plugin remembers between queries, kept outside of it so that a server can be copied whole. */
export interface Memory {
  copy(): Memory;
}

export interface PluginSetup {
  /** the names of all plugins in the server block */
  readonly plugins: ReadonlySet<string>;
  /** the server block's zones */
  readonly zones: readonly string[];
  /** what `/etc/resolv.conf` names in the server's own pod */
  readonly nameservers: readonly string[];
  /** the addresses of the pod's interfaces, by name */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /** files beside the Corefile, by path */
  readonly files: Readonly<Record<string, string>>;
  /** the addresses of a host name, asked of these name servers, or of the pod's own where none are given */
  readonly resolve: (hostname: string, resolvers: readonly string[]) => readonly string[] | { readonly error: string };
}

export interface Plugin {
  readonly name: string;
  /**
   * Reads every occurrence of its directive in one server block. Throws a `CorefileError`. A plugin that does nothing to a
   * query returns undefined.
   */
  setup(directives: readonly Directive[], setup: PluginSetup): PluginInstance | undefined;
  /** its families without labels, at 0: a process shows them whether or not its Corefile names the plugin */
  readonly plain?: readonly MetricFamily[];
}

/** What a plugin does for others of its server block. */
export interface Offers {
  /** the search path of the client, in the order it is tried; the last is empty. Undefined where none is known */
  searchPath?(request: DnsRequest, context: DnsContext): readonly string[] | undefined;
  /** what plugin metadata publishes of a query, by label: `kubernetes/namespace` */
  labels?(request: DnsRequest, context: DnsContext): ReadonlyMap<string, string>;
  readonly external?: ExternalNames;
  /** a zone's records, its SOA first and last; only that where `serial` is the zone's own. Undefined for zones of others */
  transfer?(zone: string, serial: number | undefined, context: ZoneContext): readonly DnsRecord[] | undefined;
}

/** By plugin, in the order of the chain. */
export type Peers = ReadonlyMap<string, Offers>;

export interface PluginInstance {
  /** made once for each server that runs the configuration */
  remember?(): Memory;
  handler(next: Handler, memory: () => Memory, peers: Peers): Handler;
  readonly offers?: Offers;
  /** options of a query's EDNS that replies repeat because of this plugin, by code */
  readonly ednsOptions?: readonly number[];
  /** the addresses that the server block listens on, because of this plugin */
  readonly hosts?: readonly string[];
  /** done once, when the server starts; `ask` puts a query to where the server block listens, `:53` */
  start?(memory: Memory, context: DnsContext, ask: (query: DnsMessage) => void, listensOn: string): void;
  /** how often the server looks for another Corefile: an interval moved by up to half of the jitter */
  readonly reload?: { readonly intervalMs: number; readonly jitterMs: number };
  /** what it serves over HTTP beside DNS: `/ready` at `:8181` */
  readonly endpoint?: { readonly address: string; readonly path: string };
  /** how long the process goes on after it was told to stop */
  readonly lameduckMs?: number;
  /** how long it holds the server up before it listens, where informers have not synced */
  readonly startupWaitMs?: number;
  /** whether it can do its work: asked by plugin ready of each plugin of its server block */
  isReady?(synced: boolean): boolean;
  /** the next moment at which the plugin does something of its own accord; undefined where it has nothing to do */
  dueAt?(memory: Memory): Moment | undefined;
  /** does what is due up to now */
  wake?(memory: Memory, context: DnsContext): void;
  /** what it has counted up to now; `servers` are where the server block listens, `dns://:53` */
  metrics?(memory: Memory, servers: readonly string[], at: Moment): readonly MetricFamily[];
  /** counts a query that no server block takes, and what was written to it */
  dropped?(memory: Memory, request: DnsRequest, written: DnsMessage, context: DnsContext): void;
}
