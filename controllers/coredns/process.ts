/**
 * What a CoreDNS process is beside a name server: how long it waits before it listens, what it answers probes, how long it
 * goes on when it is told to stop; and what its zones hold.
 *
 * Source: CoreDNS plugin/{health,ready,kubernetes}; Caddy v1 sigtrap_posix.go.
 */
import { type Address, type DnsRecord, parseAddress } from '../../src/model/index.ts';
import type { PluginInstance, ZoneContext } from './plugin.ts';
import { splitHostPort } from './plugins/options.ts';
import type { DnsServer } from './server.ts';

function instancesOf({ configuration }: DnsServer): readonly PluginInstance[] {
  return configuration.chains.flatMap(({ links }) => links.map(({ instance }) => instance));
}

/** A zone's records, its SOA first and last, as a transfer holds them; undefined where nobody has such a zone. */
export function transferOf(server: DnsServer, zone: string, context: ZoneContext): readonly DnsRecord[] | undefined {
  for (const { offers } of instancesOf(server)) {
    const records = offers?.transfer?.(zone, undefined, context);
    if (records !== undefined) return records;
  }
  return undefined;
}

/** How often the server looks for another Corefile; undefined where it never does. */
export function reloadOf(server: DnsServer): PluginInstance['reload'] {
  return instancesOf(server).find(({ reload }) => reload !== undefined)?.reload;
}

/** Whether it shows something over HTTP, such as `/metrics`. */
export function hasEndpoint(server: DnsServer, path: string): boolean {
  return instancesOf(server).some(({ endpoint }) => endpoint?.path === path);
}

/** How long a server whose informers have not synced waits before it listens all the same. */
export function startupWaitMsOf(server: DnsServer): number {
  return instancesOf(server).reduce((sum, { startupWaitMs = 0 }) => sum + startupWaitMs, 0);
}

/** How long it goes on answering after SIGTERM: one health plugin waits after the other. */
export function lameduckMsOf(server: DnsServer): number {
  return instancesOf(server).reduce((sum, { lameduckMs = 0 }) => sum + Math.max(lameduckMs, 0), 0);
}

const UNITS_MS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** As Go prints a `time.Duration`: `5s`, `1m30s`, `1h0m0s`, `500ms`. */
export function durationText(ms: number): string {
  if (ms > 0 && ms < 1000) return `${ms}ms`;
  let left = ms;
  let text = '';
  for (const [unit, unitMs] of UNITS_MS) {
    const count = unit === 's' ? left / unitMs : Math.floor(left / unitMs);
    if (count === 0 && text === '' && unit !== 's') continue;
    text += `${count}${unit}`;
    left -= count * unitMs;
  }
  return text;
}

/** What is asked for over HTTP, and at which of the process's addresses. */
export interface HttpQuestion {
  readonly address: Address;
  readonly port: number;
  readonly path: string;
}

function isListening({ address }: NonNullable<PluginInstance['endpoint']>, asked: HttpQuestion): boolean {
  const { host, port } = splitHostPort(address)!;
  if (Number(port) !== asked.port) return false;
  const own = parseAddress(host);
  return host === '' || host === '0.0.0.0' || host === '::' || own === asked.address;
}

/** The status code of the answer; undefined where nobody listens there. */
export function httpStatus(server: DnsServer, asked: HttpQuestion, synced: boolean): number | undefined {
  const { chains } = server.configuration;
  const there = instancesOf(server).flatMap(({ endpoint }) =>
    endpoint !== undefined && isListening(endpoint, asked) ? [endpoint.path] : [],
  );
  if (there.length === 0) return undefined;
  if (!there.includes(asked.path)) return 404;
  if (asked.path !== '/ready') return 200;
  const asks = chains.filter(({ links }) => links.some(({ name }) => name === 'ready'));
  const isReady = asks.every(({ links }) => links.every(({ instance }) => instance.isReady?.(synced) ?? true));
  return isReady ? 200 : 503;
}
