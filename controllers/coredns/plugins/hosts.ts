/**
 * hosts: answers from lines as in /etc/hosts, in a file or in the block itself. The file is read with the Corefile and holds
 * until the next; when it was written is not known, so that there is no `coredns_hosts_reload_timestamp_seconds`.
 *
 * Source: CoreDNS plugin/hosts.
 */
import { type DnsRecord, formatAddress, parseAddress } from '../../../src/model/index.ts';
import { CorefileError } from '../corefile/error.ts';
import type { Directive, OptionLine } from '../corefile/parse.ts';
import { replyTo } from '../message.ts';
import type { MetricFamily } from '../metrics.ts';
import type { DnsRequest, Plugin, PluginSetup } from '../plugin.ts';
import { inZone, normalName, originsOf, zoneOf } from '../zones.ts';
import { addressOfReverseName } from './kubernetes/reverse.ts';
import { argumentsOf, durationMsOf, fallthroughOf, onlyOne, unknownOption } from './options.ts';

interface HostsOptions {
  readonly zones: readonly string[];
  readonly ttl: number;
  readonly reverse: boolean;
  readonly fallthrough: readonly string[];
  readonly fallthroughUnsupported: boolean;
  readonly inline: string;
  readonly file: string;
}

/** Addresses by `4 name` and `6 name`, names by address; a name may begin with `*.` */
interface HostsTable {
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** Every pod has one; what the kubelet writes into it is left out. */
const PODS_OWN_FILE = '/etc/hosts';
const TTL_SECONDS = 3600;
const TTL_SECONDS_MAX = 65_535;

export function readHostsTable(text: string, zones: readonly string[]): HostsTable {
  const addresses = new Map<string, string[]>();
  const names = new Map<string, string[]>();
  const push = (map: Map<string, string[]>, key: string, value: string) =>
    map.set(key, [...(map.get(key) ?? []), value]);
  for (const line of text.split('\n')) {
    const [first = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    const address = parseAddress(first.replace(/%.*/, ''));
    if (address === undefined) continue;
    for (const name of rest.map(normalName)) {
      if (zoneOf(name, zones) === undefined) continue;
      push(addresses, `${typeof address === 'number' ? 4 : 6} ${name}`, formatAddress(address));
      if (!name.startsWith('*.')) push(names, formatAddress(address), name);
    }
  }
  return { addresses, names };
}

function addressesOf(table: HostsTable, family: 4 | 6, name: string): readonly string[] {
  const exact = table.addresses.get(`${family} ${name}`);
  if (exact !== undefined) return exact;
  const dot = name.indexOf('.');
  return dot <= 0 ? [] : (table.addresses.get(`${family} *${name.slice(dot)}`) ?? []);
}

function ttlOf(line: OptionLine): number {
  const ttl = Number(argumentsOf(line, 1, Number.POSITIVE_INFINITY)[0]!.text);
  if (!Number.isInteger(ttl)) throw new CorefileError(line.option, 'ttl needs a number of second');
  if (ttl <= 0 || ttl > TTL_SECONDS_MAX) throw new CorefileError(line.option, 'ttl provided is invalid');
  return ttl;
}

function checkReload(line: OptionLine): void {
  if (line.arguments.length !== 1) {
    throw new CorefileError(line.option, 'reload needs a duration (zero seconds to disable)');
  }
  if (durationMsOf(line.arguments[0]!) < 0) {
    throw new CorefileError(line.option, `invalid negative duration for reload '${line.arguments[0]!.text}'`);
  }
}

export function readHostsOptions(directives: readonly Directive[], setup: PluginSetup): HostsOptions {
  const { name, arguments: found, block = [] } = onlyOne(directives);
  const [file, ...zones] = found.map((token) => token.text);
  const inline: string[] = [];
  const options = {
    ttl: TTL_SECONDS,
    reverse: true,
    fallthrough: [] as readonly string[],
    fallthroughUnsupported: false,
  };
  for (const line of block) {
    switch (line.option.text) {
      case 'ttl':
        options.ttl = ttlOf(line);
        break;
      case 'reload':
        checkReload(line);
        break;
      case 'no_reverse':
        options.reverse = false;
        break;
      case 'fallthrough':
        options.fallthrough = fallthroughOf(line);
        break;
      case 'fallthrough_unsupported':
        argumentsOf(line, 0);
        options.fallthroughUnsupported = true;
        break;
      default:
        // Whatever else stands before `fallthrough` is a line of the table.
        if (options.fallthrough.length > 0) throw unknownOption(line);
        inline.push([line.option, ...line.arguments].map((token) => token.text).join(' '));
    }
  }
  if (options.fallthroughUnsupported && options.fallthrough.length === 0) {
    throw new CorefileError(name, 'fallthrough_unsupported requires fallthrough');
  }
  return { ...options, zones: originsOf(zones, setup.zones), inline: inline.join('\n'), file: file ?? PODS_OWN_FILE };
}

type HostsAnswer = readonly DnsRecord[] | 'next' | 'unknown';

function lookUp(tables: readonly HostsTable[], { lowerName, type }: DnsRequest, options: HostsOptions): HostsAnswer {
  const { ttl } = options;
  const record = (data: string): DnsRecord => ({ name: lowerName, type, ttl, data });
  if (type === 'PTR') {
    const address = options.reverse ? addressOfReverseName(lowerName) : undefined;
    const names = address === undefined ? [] : tables.flatMap((table) => table.names.get(address) ?? []);
    return names.length === 0 ? 'next' : names.map(record);
  }
  const passes = options.fallthrough.some((zone) => inZone(lowerName, zone));
  const [v4, v6] = ([4, 6] as const).map((family) => tables.flatMap((table) => addressesOf(table, family, lowerName)));
  if (type !== 'A' && type !== 'AAAA' && options.fallthroughUnsupported && passes) return 'next';
  if (v4!.length === 0 && v6!.length === 0) return passes ? 'next' : 'unknown';
  if (type === 'A') return v4!.map(record);
  return type === 'AAAA' ? v6!.map(record) : [];
}

function total(lists: ReadonlyMap<string, readonly string[]>): number {
  return [...lists.values()].reduce((sum, { length }) => sum + length, 0);
}

/** An address is an entry of its name, and the name one of its address. Nothing is told of a file that is not there. */
function entriesFamily(tables: readonly HostsTable[], { file, reverse }: HostsOptions, isThere: boolean): MetricFamily {
  const value = tables.reduce((sum, { addresses, names }) => sum + total(addresses) + (reverse ? total(names) : 0), 0);
  return {
    name: 'coredns_hosts_entries',
    help: 'The combined number of entries in hosts and Corefile.',
    type: 'gauge',
    samples: isThere ? [{ labels: { hostsfile: file }, value }] : [],
  };
}

export const hosts: Plugin = {
  name: 'hosts',
  setup(directives, setup) {
    const options = readHostsOptions(directives, setup);
    const text = setup.files[options.file];
    const tables = [text ?? '', options.inline].map((lines) => readHostsTable(lines, options.zones));
    const entries = entriesFamily(tables, options, text !== undefined || options.file === PODS_OWN_FILE);
    return {
      metrics: () => [entries],
      handler: (next) => (request, context) => {
        const mine = zoneOf(request.lowerName, options.zones) !== undefined;
        if (!mine && request.type !== 'PTR') return next(request, context);
        const answers = lookUp(tables, request, options);
        if (answers === 'next') return next(request, context);
        // A hosts file has no SOA to deny a name with: the code says that something is wrong instead.
        if (answers === 'unknown') return 'SERVFAIL';
        return replyTo(request, 'NOERROR', { answers });
      },
    };
  },
};
