/**
 * The order of plugins, which is compiled in and not the Corefile's, and the reading of a Corefile into chains.
 *
 * Source: CoreDNS plugin.cfg, core/dnsserver/{register,address}.go.
 */
import { CorefileError } from './corefile/error.ts';
import { type CorefileSources, type Directive, parseCorefile, type ServerBlock } from './corefile/parse.ts';
import type { Handler, Memory, Peers, Plugin, PluginInstance, PluginSetup } from './plugin.ts';
import { autopath } from './plugins/autopath.ts';
import { debug, health, ready } from './plugins/beside.ts';
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
const BY_NAME = new Map(PLUGINS.map((plugin) => [plugin.name, plugin]));

/** What else CoreDNS is built with (plugin.cfg): a Corefile with these is right, but cannot be run here. */
const NOT_EMULATED = new Set(
  `root geoip cancel proxyproto quic grpc_server https https3 timeouts multisocket nsid bufsize bind trace pprof shed
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
  readonly zones: readonly string[];
  readonly port: number;
  readonly links: readonly Link[];
}

export interface LoadOptions extends CorefileSources {
  /** what `/etc/resolv.conf` names in the server's own pod; none where it has no such file */
  readonly nameservers?: readonly string[];
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

function zonesOf({ keys }: ServerBlock): { readonly zones: readonly string[]; readonly port: number } {
  const parsed = keys.map(serverKeyOf);
  const port = parsed[0]!.port;
  const other = parsed.findIndex((key) => key.port !== port);
  if (other >= 0) throw new CorefileError(keys[other]!, 'one server block with several ports is not emulated yet');
  return { zones: parsed.flatMap((key) => key.zones), port };
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

/** Two server blocks may not serve the same zone on the same port. */
function checkServedOnce(blocks: readonly ServerBlock[]): void {
  const served = new Set<string>();
  for (const { keys } of blocks) {
    for (const key of keys) {
      const { zones, port } = serverKeyOf(key);
      for (const zone of zones) {
        const address = `dns://${zone}:${port}`;
        if (served.has(address)) throw new CorefileError(key, `cannot serve ${address} - it is already defined`);
        served.add(address);
      }
    }
  }
}

/** Reads a Corefile whole. Throws a `CorefileError`. */
export function configure(blocks: readonly ServerBlock[], options: LoadOptions): Configuration {
  checkServedOnce(blocks);
  const memories: (() => Memory)[] = [];
  const chains = blocks.map((block) => {
    const { zones, port } = zonesOf(block);
    return { zones, port, links: linksOf(block, zones, options, memories) };
  });
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
      return counts ? named(name, handler) : handler;
    },
    () => 'SERVFAIL',
  );
}

/** Leaves the plugin's name in the context: the last that was asked is who answered. */
function named(name: string, handler: Handler): Handler {
  return (request, context) => {
    context.asked = name;
    return handler(request, context);
  };
}
