/**
 * What the TO arguments of a forward mean: addresses, files like resolv.conf, host names that are resolved when the Corefile
 * is loaded, each with a transport and perhaps a TLS server name.
 *
 * Source: CoreDNS plugin/forward/resolve.go and setup.go (`splitZone`), plugin/pkg/parse/{host,transport}.go.
 */
import { parseAddress } from '../../../../src/model/index.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/tokens.ts';
import { isDomainName } from '../../domain-name.ts';
import type { PluginSetup } from '../../plugin.ts';
import { joinHostPort, splitHostPort } from '../options.ts';

/** `dns` follows the client: UDP or TCP. */
export type TargetTransport = 'dns' | 'tls' | 'https';

export interface Target {
  /** `192.0.2.1:53`, `[2001:db8::1]:853` */
  readonly address: string;
  readonly transport: TargetTransport;
  /** `''` where none is given */
  readonly serverName: string;
}

/** A target that is a host name. */
export interface HostTarget {
  readonly hostname: string;
  readonly port: string;
  readonly transport: TargetTransport;
  readonly serverName: string;
}

const SCHEMES = ['tls', 'dns', 'quic', 'grpc', 'https3', 'https', 'unix'] as const;
const PORTS: Readonly<Record<string, string>> = { dns: '53', tls: '853', https: '443' };

/** `tls://192.0.2.1` is `tls` and `192.0.2.1`; without a scheme it is `dns`. */
function splitScheme(text: string): { readonly scheme: (typeof SCHEMES)[number]; readonly rest: string } {
  const scheme = SCHEMES.find((name) => text.startsWith(`${name}://`));
  return scheme === undefined ? { scheme: 'dns', rest: text } : { scheme, rest: text.slice(scheme.length + 3) };
}

/** Takes the server name out: `tls://192.0.2.1%dns.example:853` is `tls://192.0.2.1:853` and `dns.example`. */
export function splitServerName(text: string): { readonly host: string; readonly serverName: string } {
  const cut = text.indexOf('://');
  const scheme = cut < 0 ? '' : text.slice(0, cut + 3);
  const host = cut < 0 ? text : text.slice(cut + 3);
  const percent = host.lastIndexOf('%');
  if (percent < 0) return { host: text, serverName: '' };
  const address = host.startsWith('[') ? `${host.slice(0, percent)}]` : host.slice(0, percent);
  const zone = host.slice(percent + 1);
  const colon = zone.lastIndexOf(':');
  if (colon < 0) return { host: scheme + address, serverName: zone };
  return { host: scheme + address + zone.slice(colon), serverName: zone.slice(0, colon).replace(/\]$/, '') };
}

function withoutZone(host: string): string {
  const percent = host.lastIndexOf('%');
  return percent < 0 ? host : host.slice(0, percent);
}

/** The name servers that a file like resolv.conf lists; undefined where there is no such file. */
function serversIn(path: string, { files, nameservers }: PluginSetup): readonly string[] | undefined {
  const text = files[path];
  if (text === undefined)
    return path === '/etc/resolv.conf' ? nameservers.map((ip) => joinHostPort(ip, '53')) : undefined;
  return text.split('\n').flatMap((line) => {
    const [keyword, address] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    return keyword === 'nameserver' && address !== undefined ? [joinHostPort(withoutZone(address), '53')] : [];
  });
}

/** The addresses of a target that is one, or that is a file; undefined where it is neither. */
function staticTarget(text: string, setup: PluginSetup): readonly string[] | undefined {
  const { scheme, rest } = splitScheme(text);
  if (scheme === 'unix') return [text];
  const split = splitHostPort(rest);
  if (split !== undefined) {
    return parseAddress(withoutZone(split.host)) === undefined ? serversIn(rest, setup) : [text];
  }
  const host = rest.replace(/^[[\]]+|[[\]]+$/g, '');
  if (parseAddress(withoutZone(host)) === undefined) return serversIn(host, setup);
  const prefix = scheme === 'dns' ? '' : `${scheme}://`;
  return [prefix + joinHostPort(host, PORTS[scheme] ?? '53')];
}

/** A target read as a host name; undefined where it is none. */
export function hostTargetOf(text: string): HostTarget | undefined {
  const { host, serverName } = splitServerName(text);
  const { scheme, rest } = splitScheme(host);
  if (scheme !== 'dns' && scheme !== 'tls' && scheme !== 'https') return undefined;
  const split = splitHostPort(rest);
  const hostname = (split?.host ?? rest).replace(/^[[\]]+|[[\]]+$/g, '');
  if (!isDomainName(hostname) || parseAddress(hostname) !== undefined) return undefined;
  return { hostname, port: split?.port ?? PORTS[scheme]!, transport: scheme, serverName };
}

/** A resolved address as a TO argument would write it. */
export function resolvedTarget(ip: string, { port, transport, serverName }: Omit<HostTarget, 'hostname'>): string {
  if (transport === 'dns') return joinHostPort(ip, port);
  if (serverName === '') return `${transport}://${joinHostPort(ip, port)}`;
  return `${transport}://${joinHostPort(`${ip}%${serverName}`, port)}`;
}

/** What a TO argument stands for, before it is resolved. */
export type ToEntry =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'hostname'; readonly host: HostTarget; readonly token: Token };

/** In the order given; a file without name servers is nothing. Throws a `CorefileError`. */
export function classifyTargets(to: readonly Token[], setup: PluginSetup): readonly ToEntry[] {
  return to.flatMap((token): readonly ToEntry[] => {
    if (splitScheme(token.text).rest === '')
      throw new CorefileError(token, `plugin/forward: invalid address: "${token.text}"`);
    const addresses = staticTarget(token.text, setup);
    if (addresses !== undefined) return addresses.length === 0 ? [] : [{ kind: 'addresses', addresses }];
    const host = hostTargetOf(token.text);
    if (host === undefined) {
      throw new CorefileError(token, `plugin/forward: not an IP address, file, or valid domain: "${token.text}"`);
    }
    return [{ kind: 'hostname', host, token }];
  });
}

function addressesOf(entry: ToEntry, resolvers: readonly string[], setup: PluginSetup): readonly string[] {
  if (entry.kind === 'addresses') return entry.addresses;
  const { hostname } = entry.host;
  const found = setup.resolve(hostname, resolvers);
  if (!('error' in found) && found.length > 0) return found.map((ip) => resolvedTarget(ip, entry.host));
  const reason = 'error' in found ? found.error : `no addresses found for "${hostname}"`;
  throw new CorefileError(entry.token, `plugin/forward: failed to resolve "${hostname}": ${reason}`);
}

/** Every target, each address once: the first that names it counts. Throws a `CorefileError`. */
export function expandTargets(
  entries: readonly ToEntry[],
  resolvers: readonly string[],
  setup: PluginSetup,
  at: Token,
): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const text of entries.flatMap((entry) => addressesOf(entry, resolvers, setup))) {
    const { host, serverName } = splitServerName(text);
    const { scheme, rest } = splitScheme(host);
    if (scheme !== 'dns' && scheme !== 'tls' && scheme !== 'https') {
      throw new CorefileError(
        at,
        `plugin/forward: '${scheme}' is not supported as a destination protocol in forward: ${host}`,
      );
    }
    if (!targets.has(rest)) targets.set(rest, { address: rest, transport: scheme, serverName });
  }
  return [...targets.values()];
}
