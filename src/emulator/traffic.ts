/**
 * What processes in pods and on nodes send, and who answers them: names looked up, connections opened. A request is packets,
 * each walked through what the controllers have programmed so far.
 */
import type { coredns } from '../../controllers/index.ts';
import type { ContainerRun, Dataplane, Program } from '../dataplane/index.ts';
import {
  type Address,
  addressOf,
  type ClusterSettings,
  type Dice,
  type DnsMessage,
  familyOf,
  formatAddress,
  isNameServer,
  type Key,
  keyOf,
  LIBC_ANNOTATION,
  type Moment,
  type Node,
  type Payload,
  type Pod,
  PROTOCOL_NUMBERS,
  type ProtocolNumber,
  parseAddress,
} from '../model/index.ts';
import { type KubeletDns, parseResolvConf, type ResolvConf, resolvConfOf, settingsOf } from '../packet/index.ts';
import type { View } from '../reconcile/index.ts';
import { type ConnectParts, connect } from './connect.ts';
import type {
  DnsQueryRequest,
  DnsServerAddress,
  ResolveRequest,
  ResolveResult,
  SendRequest,
  SendResult,
} from './contract.ts';
import { DNS_PORT, exchange } from './dns-exchange.ts';
import { type Listener, listenerOn } from './listeners.ts';
import { ANY_FAMILY, type LookupFrom, type LookupParts, lookUp } from './lookup.ts';
import { NameServers } from './name-servers.ts';
import type { NodeNetworks } from './node-networks.ts';
import { AZURE_RESOLVER, NO_NAMES, outsideReply } from './outside-names.ts';
import { Wire } from './wire.ts';

export interface TrafficOptions {
  readonly settings: ClusterSettings;
  readonly networks: NodeNetworks;
  readonly dataplane: () => Dataplane;
  readonly now: () => Moment;
  readonly wait: (ms: number) => void;
  readonly dice: Dice;
  readonly kubelet: () => View;
  readonly pod: (key: Key) => Pod | undefined;
  readonly node: (name: string) => Node | undefined;
  /** runs something after so many milliseconds */
  readonly later: (ms: number, action: () => void) => void;
  /** whether CoreDNS's informers have listed everything */
  readonly synced: () => boolean;
  readonly program: (change: Program) => void;
  /** a line that a name server's pod logs */
  readonly log: (pod: Key, line: string) => void;
}

/** Somebody asked for what is not there, or for what cannot be: a mistake of whoever asked, said in one sentence. */
export class NoSuchTargetError extends Error {
  override readonly name = 'NoSuchTargetError';
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const PROTOCOLS: Readonly<Record<string, ProtocolNumber>> = {
  http: PROTOCOL_NUMBERS.TCP,
  https: PROTOCOL_NUMBERS.TCP,
  tcp: PROTOCOL_NUMBERS.TCP,
  udp: PROTOCOL_NUMBERS.UDP,
  sctp: PROTOCOL_NUMBERS.SCTP,
};
/** how many servers a resolver knows at most (MAXNS) */
const NAMESERVERS_MAX = 3;
const URL_SHAPE = /^([a-z]+):\/\/(\[[0-9a-fA-F:]+\]|[^/:[\]]+)(?::(\d{1,5}))?(\/\S*)?$/;

interface Destination {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** `http://my-api/hello`, `udp://10.96.0.10:53`; undefined where the text is no such thing or lacks its port. */
export function parseDestination(text: string): Destination | undefined {
  const [, scheme = '', host = '', portText, path = '/'] = URL_SHAPE.exec(text) ?? [];
  const port = portText === undefined ? DEFAULT_PORTS[scheme] : Number(portText);
  if (PROTOCOLS[scheme] === undefined || port === undefined || port < 1 || port > 65535) return undefined;
  return { scheme, host: host.replace(/^\[|\]$/g, ''), port, path };
}

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #wire: Wire;
  /** for what name servers send of their own accord: it must not shift what befalls others' packets */
  readonly #serverWire: Wire;
  readonly #nameServers: NameServers;
  /** nodes by host name */
  readonly #racing = new Set<string>();
  /** with `rotate`, what each process' count began with is chance (glibc resolv/res_send.c, `nameserver_offset`) */
  readonly #rotation: Dice;
  #queries = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { networks, now, dice, dataplane, log } = options;
    const world = () => networks.world();
    this.#wire = new Wire({ world, now, dice: dice.split('packets') });
    this.#serverWire = new Wire({ world, now, dice: dice.split('packets of name servers') });
    const { names = NO_NAMES } = options.settings;
    this.#nameServers = new NameServers({
      dataplane,
      now,
      log,
      later: options.later,
      dice: dice.split('coredns'),
      nameservers: this.#nodeNameServers(),
      outside: (address, query) => outsideReply(address, query, names),
      upstream: (pod, server, query, over) => this.#upstream(pod, server, query, over),
      pod: options.pod,
      synced: options.synced,
      told: (key, value) => options.program({ piece: 'process', key, value }),
    });
    this.#rotation = dice.split('resolver');
  }

  /** The kubelet has started a name server's container, has it stop, or has taken it away. */
  containerChanged(pod: Key, run: ContainerRun | undefined): void {
    this.#nameServers.containerChanged(pod, run);
  }

  /** CoreDNS's informers have listed everything, or are gone. */
  syncChanged(): void {
    this.#nameServers.syncChanged();
  }

  /** The files that name servers have mounted have changed. */
  filesChanged(): void {
    this.#nameServers.filesChanged();
  }

  resolve({ from, name, type, server }: ResolveRequest): ResolveResult {
    const sender = this.#sender(from);
    const asking = server === undefined ? sender : { ...sender, ...askingOnly(server) };
    return lookUp(asking, name, type === undefined ? ANY_FAMILY : [type], this.#lookupParts(), true);
  }

  /** Whether packets that a process on a node sends at once race through its conntrack. */
  race(node: string, on: boolean): void {
    if (on) this.#racing.add(`node/${node}`);
    else this.#racing.delete(`node/${node}`);
  }

  /** What the cluster's DNS address answers, or another server; undefined where the client would wait in vain. */
  query({ from, query, transport, sourcePort, server: asked }: DnsQueryRequest): DnsMessage | undefined {
    const { host, address } = this.#sender(from);
    const server = addressOf(asked?.address ?? this.#options.settings.networkProfile.dnsServiceIP);
    const ports = { ...(sourcePort === undefined ? {} : { sourcePort }), port: asked?.port ?? DNS_PORT };
    const request = { from: { host, address }, server, queries: [query], transport, record: false, ...ports };
    return exchange({ ...request, mode: 'parallel' }, this.#lookupParts())[0]!.response;
  }

  send({ from, to, sourcePort, idle, record = true }: SendRequest): SendResult {
    const sender = this.#sender(from);
    const target = parseDestination(to);
    if (target === undefined)
      throw new NoSuchTargetError(
        `${to} is not a destination; expected scheme://host:port with scheme http, https, tcp, udp or sctp`,
      );
    const literal = parseAddress(target.host);
    const resolve =
      literal === undefined ? lookUp(sender, target.host, ANY_FAMILY, this.#lookupParts(), record) : undefined;
    const found = literal ?? reachable(sender, resolve?.addresses ?? []);
    if (found === undefined) {
      const outcome =
        resolve?.rcode === 'NXDOMAIN' || resolve?.rcode === 'NOERROR' ? 'name-not-found' : 'name-timed-out';
      return { ...(resolve === undefined ? {} : { resolve }), traces: [], outcome };
    }
    const { scheme, port } = target;
    const source = sourceFor(sender, found);
    const request = requestOf(target);
    const where = { destination: found, port, protocol: PROTOCOLS[scheme]! };
    const dial = { from: sender.host, source, sourcePort, ...where, request, idle, record };
    return { ...(resolve === undefined ? {} : { resolve }), ...connect(dial, this.#connectParts()) };
  }

  /** What the metrics endpoint of a CoreDNS pod shows. */
  metricsOf(from: string): string {
    const pod = this.#podNamed(from);
    if (pod === undefined || !isNameServer(pod))
      throw new NoSuchTargetError(`${from} is no name server of the cluster`);
    const text = this.#nameServers.metricsOf(pod);
    if (text === undefined)
      throw new NoSuchTargetError(`${from} shows no metrics: its process has ended, or its Corefile has no prometheus`);
    return text;
  }

  /** The resolv.conf of a pod or a node. */
  resolvConf(from: string): string {
    return this.#resolvConfOf(from).text;
  }

  #connectParts(): ConnectParts {
    const { now, wait } = this.#options;
    return { wire: this.#wire, now, wait, listener: (...asked) => this.#listener(...asked) };
  }

  #listener(host: string, address: Address, port: number, protocol: ProtocolNumber): Listener | undefined {
    const servers = this.#nameServers;
    const runs = (pod: Pod) => (isNameServer(pod) ? servers.listensOn(pod, address, port, protocol) : undefined);
    const found = listenerOn(host, address, port, protocol, { kubelet: this.#options.kubelet(), runs });
    const { pod } = found ?? {};
    if (found === undefined || pod === undefined || !isNameServer(pod)) return found;
    return { ...found, httpStatus: (path) => servers.httpStatus(pod, address, port, path) };
  }

  /** The virtual machine's resolver: what its network's DHCP names, else Azure's. */
  #nodeNameServers(): readonly string[] {
    return this.#options.settings.virtualNetwork.dhcpOptions?.dnsServers ?? [AZURE_RESOLVER];
  }

  #nodeResolvConf(): string {
    return this.#nodeNameServers()
      .map((address) => `nameserver ${address}\n`)
      .join('');
  }

  /** A query from a name server's pod to another: a packet like any other, unless it goes to the pod itself. */
  #upstream(pod: Key, server: string, query: DnsMessage, over: coredns.Transport): coredns.UpstreamReply {
    const [, host = '', port] = /^\[?(.+?)\]?:(\d+)$/.exec(server) ?? [];
    const address = addressOf(host);
    const transport = over === 'udp' ? 'udp' : 'tcp';
    const { host: from, address: source } = this.#sender(`pod/${pod}`);
    const asked = {
      from: { host: from, address: source },
      server: address,
      port: Number(port),
      queries: [query],
      transport,
    } as const;
    const [exchanged] = exchange(
      { ...asked, mode: 'parallel', record: false },
      { ...this.#lookupParts(), wire: this.#serverWire },
    );
    const { response, refused, afterMs } = exchanged!;
    if (response !== undefined) return { outcome: 'replied', message: response, afterMs };
    return { outcome: refused ? 'refused' : 'silent' };
  }

  #lookupParts(): LookupParts {
    return {
      ...this.#connectParts(),
      nameServers: this.#nameServers,
      queryId: () => ++this.#queries % 0x10000,
    };
  }

  /** The network namespace that a pod or a node's process sends from, and its address there. */
  #sender(from: string): LookupFrom {
    const resolvConf = this.#resolvConfOf(from);
    const name = this.#namespaceOf(from);
    const host = this.#wire.host(name);
    const address = host?.addressOf('eth0', 4) ?? host?.addressOf('eth0', 6);
    if (host === undefined || address === undefined) throw new NoSuchTargetError(`${from} has no network yet`);
    const owner = from.startsWith('external/') ? this.#options.networks.world().owner(address) : undefined;
    if (owner !== undefined) throw new NoSuchTargetError(`${from} is not outside: ${owner.name} has that address`);
    const pod = this.#podNamed(from);
    const node = pod === undefined ? name : `node/${pod.spec.nodeName}`;
    const libc = pod?.metadata.annotations?.[LIBC_ANNOTATION] === 'musl' ? 'musl' : 'glibc';
    const firstServer = settingsOf(resolvConf.conf).rotate ? this.#rotation.below(NAMESERVERS_MAX) : 0;
    return { host, address, resolvConf, libc, firstServer, racesOn: this.#racing.has(node) ? node : undefined };
  }

  #namespaceOf(from: string): string {
    const pod = this.#podNamed(from);
    if (pod === undefined) return from;
    return pod.spec.hostNetwork === true ? `node/${pod.spec.nodeName}` : `pod/${keyOf(pod)}`;
  }

  #resolvConfOf(from: string): { readonly text: string; readonly conf: ResolvConf } {
    const pod = this.#podNamed(from);
    if (pod !== undefined) return resolvConfOf(pod, this.#kubeletDns());
    if (
      !from.startsWith('external/') &&
      !from.startsWith('vm/') &&
      this.#options.node(from.replace(/^node\//, '')) === undefined
    )
      throw new NoSuchTargetError(`there is no ${from}`);
    const text = this.#nodeResolvConf();
    return { text, conf: parseResolvConf(text) };
  }

  #podNamed(from: string): Pod | undefined {
    if (!from.startsWith('pod/')) return undefined;
    const name = from.slice('pod/'.length);
    const pod = this.#options.pod(name.includes('/') ? name : `default/${name}`);
    if (pod === undefined) throw new NoSuchTargetError(`there is no ${from}`);
    return pod;
  }

  #kubeletDns(): KubeletDns {
    const { dnsServiceIP } = this.#options.settings.networkProfile;
    return { clusterDns: [dnsServiceIP], clusterDomain: 'cluster.local', nodeResolvConf: this.#nodeResolvConf() };
  }
}

/** As a client that is told whom to ask, such as `dig @server -p port`: names are taken as they are. */
function askingOnly({ address, port }: DnsServerAddress): Pick<LookupFrom, 'resolvConf' | 'port'> {
  const text = `nameserver ${address}\n`;
  return { resolvConf: { text, conf: parseResolvConf(text) }, port };
}

const LOOPBACK = { 4: addressOf('127.0.0.1'), 6: addressOf('::1') } as const;

function isLoopback(address: Address): boolean {
  return typeof address === 'number' ? address >>> 24 === 127 : address === LOOPBACK[6];
}

/** The first address of a family that the sender has an address of, as getaddrinfo sorts them last that it cannot reach. */
function reachable({ host }: LookupFrom, addresses: readonly string[]): Address | undefined {
  const all = addresses.map(addressOf);
  return all.find((address) => host.addressOf('eth0', familyOf(address)) !== undefined) ?? all[0];
}

/** As the kernel chooses: what goes to one of the host's own addresses comes from there, and loopback is one. */
function sourceFor({ host, address }: LookupFrom, destination: Address): Address {
  const family = familyOf(destination);
  if (host.isLocal(destination)) return isLoopback(destination) ? LOOPBACK[family] : destination;
  const source = host.addressOf('eth0', family);
  if (source === undefined)
    throw new NoSuchTargetError(`${host.name} (${formatAddress(address)}) has no IPv${family} address`);
  return source;
}

function requestOf({ scheme, host, path }: Destination): Payload | undefined {
  return scheme === 'http' || scheme === 'https' ? { kind: 'http-request', method: 'GET', host, path } : undefined;
}
