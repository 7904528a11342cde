/**
 * The order of plugins, which is compiled in and not the Corefile's, and the reading of a Corefile into chains.
 *
 * Source: CoreDNS plugin.cfg, core/dnsserver/{register,address}.go.
 */
import { CorefileError } from './corefile/error.ts';
import { type CorefileSources, type Directive, parseCorefile, type ServerBlock } from './corefile/parse.ts';
import type { Token } from './corefile/tokens.ts';
import type { Handler, Memory, Peers, Plugin, PluginInstance, PluginSetup } from './plugin.ts';
import { autopath } from './plugins/autopath.ts';
import { debug, health, ready } from './plugins/beside.ts';
import { bind } from './plugins/bind.ts';
import { cache } from './plugins/cache/index.ts';
import { errors } from './plugins/errors/index.ts';
import { forward } from './plugins/forward/index.ts';
import { hosts } from './plugins/hosts.ts';
import { k8sExternal } from './plugins/k8s-external/index.ts';
import { kubernetes } from './plugins/kubernetes/index.ts';
import { loadbalance } from './plugins/loadbalance/index.ts';
import { log } from './plugins/log/index.ts';
import { loop } from './plugins/loop/index.ts';
import { metadata } from './plugins/metadata.ts';
import { prometheus } from './plugins/prometheus/index.ts';
import { reload } from './plugins/reload/index.ts';
import { rewrite } from './plugins/rewrite/index.ts';
import { template } from './plugins/template/index.ts';
import { transfer } from './plugins/transfer.ts';
import { serverKeyOf } from './zones.ts';

/** First asked first. */
const PLUGINS: readonly Plugin[] = [
  metadata,
  reload,
  bind,
  debug,
  ready,
  health,
  prometheus,
  errors,
  log,
  loadbalance,
  rewrite,
  autopath,
  cache,
  template,
  transfer,
  hosts,
  k8sExternal,
  kubernetes,
  loop,
  forward,
];

const NOBODY = () => [];
const EVERYWHERE: readonly string[] = [''];
const BY_NAME = new Map(PLUGINS.map((plugin) => [plugin.name, plugin]));
/** What every process shows from its start. */
export const PLAIN_FAMILIES = PLUGINS.flatMap(({ plain = [] }) => plain);

/** What else CoreDNS is built with (plugin.cfg): a Corefile with these is right, but cannot be run here. */
const NOT_EMULATED = new Set(
  `root geoip cancel proxyproto quic grpc_server https https3 timeouts multisocket nsid bufsize trace pprof shed
  dnstap local dns64 any chaos tsig acl header dnssec tls minimal route53 azure clouddns
  file auto secondary etcd grpc erratic whoami on sign view nomad`.split(/\s+/),
);

/** A plugin of one server block, set up; `slot` is where a server keeps what it remembers. */
interface Link {
  readonly name: string;
  readonly instance: PluginInstance;
  readonly slot: number;
}

export interface Chain {
  readonly served: readonly ServedZone[];
  /** the addresses that it listens on; `''` is all of them */
  readonly hosts: readonly string[];
  readonly links: readonly Link[];
}

export interface LoadOptions extends CorefileSources {
  /** what `/etc/resolv.conf` names in the server's own pod; none where it has no such file */
  readonly nameservers?: readonly string[];
  /** the addresses of the pod's interfaces, by name; none but loopback where it is not given */
  readonly interfaces?: PluginSetup['interfaces'];
  /** the addresses of a host name that the Corefile names; none where it cannot be resolved */
  readonly resolve?: PluginSetup['resolve'];
}

export interface Configuration {
  readonly chains: readonly Chain[];
  /** one for each plugin that remembers something */
  readonly memories: readonly (() => Memory)[];
  /** options of a query's EDNS that replies repeat, by code */
  readonly ednsOptions: readonly number[];
}

function pluginNamed({ name }: Directive): Plugin {
  const plugin = BY_NAME.get(name.text);
  if (plugin !== undefined) return plugin;
  if (NOT_EMULATED.has(name.text)) throw new CorefileError(name, `plugin '${name.text}' is not emulated yet`);
  throw new CorefileError(name, `Unknown directive '${name.text}'`);
}

/** A zone that a server block serves at a port, and the key that says so. */
interface ServedZone {
  readonly zone: string;
  readonly port: number;
  readonly key: Token;
}

function servedBy({ keys }: ServerBlock): readonly ServedZone[] {
  return keys.flatMap((key) => {
    const { zones, port } = serverKeyOf(key);
    return zones.map((zone) => ({ zone, port, key }));
  });
}

function linksOf(
  block: ServerBlock,
  zones: readonly string[],
  options: LoadOptions,
  memories: (() => Memory)[],
): Link[] {
  const found = new Map<Plugin, Directive[]>();
  for (const directive of block.directives) {
    const plugin = pluginNamed(directive);
    found.set(plugin, [...(found.get(plugin) ?? []), directive]);
  }
  const setup = {
    plugins: new Set(block.directives.map(({ name }) => name.text)),
    zones,
    nameservers: options.nameservers ?? [],
    interfaces: options.interfaces ?? { lo: ['127.0.0.1', '::1'] },
    files: options.files ?? {},
    resolve: options.resolve ?? NOBODY,
  };
  return PLUGINS.flatMap((plugin) => {
    const directives = found.get(plugin);
    const instance = directives === undefined ? undefined : plugin.setup(directives, setup);
    if (instance === undefined) return [];
    const slot = instance.remember === undefined ? -1 : memories.push(() => instance.remember!()) - 1;
    return [{ name: plugin.name, instance, slot }];
  });
}

/** No zone may be served twice at one address: who listens on all of them is in the way of who listens on one. */
function checkServedOnce(chains: readonly Chain[]): void {
  const taken = new Set<string>();
  const anywhere = new Map<string, string>();
  for (const { served, hosts } of chains) {
    for (const { zone, port, key } of served) {
      for (const host of hosts) {
        const unbound = `dns://${zone}:${port}`;
        const own = host === '' ? unbound : `${unbound} on ${host}`;
        if (taken.has(own)) throw new CorefileError(key, `cannot serve ${own} - it is already defined`);
        const other = host === '' ? anywhere.get(unbound) : taken.has(unbound) ? unbound : undefined;
        if (other !== undefined) {
          throw new CorefileError(key, `cannot serve ${own} - zone overlap listener capacity with ${other}`);
        }
        taken.add(own);
        anywhere.set(unbound, own);
      }
    }
  }
}

/** Reads a Corefile whole. Throws a `CorefileError`. */
export function configure(blocks: readonly ServerBlock[], options: LoadOptions): Configuration {
  const memories: (() => Memory)[] = [];
  const chains = blocks.map((block) => {
    const served = servedBy(block);
    const zones = served.map(({ zone }) => zone);
    const links = linksOf(block, zones, options, memories);
    const hosts = links.find(({ instance }) => instance.hosts !== undefined)?.instance.hosts ?? EVERYWHERE;
    return { served, hosts, links };
  });
  checkServedOnce(chains);
  const ednsOptions = chains.flatMap(({ links }) => links.flatMap(({ instance }) => instance.ednsOptions ?? []));
  return { chains, memories, ednsOptions };
}

export function configurationOf(corefile: string, options: LoadOptions): Configuration {
  return configure(parseCorefile(corefile, options), options);
}

/** The chain as one function; past its end nobody answers, which is SERVFAIL. */
export function handlerOf(chain: Chain, memories: readonly Memory[]): Handler {
  const peers: Peers = new Map(chain.links.map(({ name, instance }) => [name, instance.offers ?? {}]));
  const counts = chain.links.some(({ name }) => name === 'prometheus');
  return chain.links.reduceRight<Handler>(
    (next, { name, instance, slot }) => {
      const handler = instance.handler(next, () => memories[slot]!, peers);
      return counts && handler !== next ? named(name, handler) : handler;
    },
    () => 'SERVFAIL',
  );
}

/** Leaves the plugin's name in the context: the last that was asked is who answered. Who only passes queries on is not asked. */
function named(name: string, handler: Handler): Handler {
  return (request, context) => {
    context.asked = name;
    return handler(request, context);
  };
}
