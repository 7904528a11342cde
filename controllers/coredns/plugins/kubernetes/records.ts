/**
 * Records of each type from what was found. Undefined is a name that does not exist; no records is a name without that type.
 *
 * Source: CoreDNS plugin/backend_lookup.go.
 */
import type { DnsRecord } from '../../../../src/model/index.ts';
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { inZone, normalName } from '../../zones.ts';
import { nameServersOf } from './apex.ts';
import { type Found, find, type Hit } from './find.ts';
import type { KubernetesOptions } from './options.ts';
import { addressOfReverseName, namesAt } from './reverse.ts';

/** A query as the plugin sees it. */
export interface Query {
  readonly request: DnsRequest;
  readonly context: DnsContext;
  readonly options: KubernetesOptions;
  /** in the query's spelling */
  readonly zone: string;
}

export interface Records {
  readonly answers: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
  readonly truncated?: boolean;
}

const CNAME_CHAIN_MAX = 10;
const TXT_VERSION = '"1.1.0"';
const TXT_TTL_SECONDS = 28_800;

/** `ns.dns.<zone>`, which names the servers where no Service does. */
function isDefaultServer(lowerName: string, zone: string): boolean {
  return lowerName.startsWith('ns.dns.') && lowerName.indexOf(zone) === 'ns.dns.'.length;
}

/** What a name leads to, for a query of `type`. */
function hitsOf(lowerName: string, type: string, { zone, options, context }: Query): Found {
  if (isDefaultServer(lowerName, zone)) {
    return nameServersOf(zone, options, context)
      .filter(({ host }) => host.type === type)
      .map(({ host }) => ({ host, port: 0, owner: 'ns.dns' }));
  }
  return find(lowerName, zone, options, context.facts);
}

/** A and AAAA, CNAMEs chased: inside of the zone directly, outside through the whole server. */
export function addressRecords(
  query: Query,
  name: string,
  type: 'A' | 'AAAA',
  previous: readonly DnsRecord[] = [],
): Records | undefined {
  const hits = hitsOf(name.toLowerCase(), type, query);
  if (hits === undefined) return undefined;
  const { ttl } = query.options;
  const answers: DnsRecord[] = [];
  let truncated = false;
  for (const { host } of hits) {
    if (host.type === type) {
      const { data } = host;
      if (!answers.some((other) => other.type === type && other.data === data)) answers.push({ name, type, ttl, data });
    } else if (host.type === 'CNAME') {
      const chased = chase(query, { name, type: 'CNAME', ttl, data: host.data }, type, previous);
      answers.push(...chased.answers);
      truncated ||= chased.truncated ?? false;
    }
  }
  return { answers, truncated };
}

/** The alias and what it leads to; nothing where it leads in a circle, or inside of the zone to nothing. */
function chase(query: Query, alias: DnsRecord, type: 'A' | 'AAAA', previous: readonly DnsRecord[]): Records {
  const target = alias.data;
  const circular =
    inZone(target.toLowerCase(), normalName(alias.name)) || previous.some((other) => sameAlias(other, alias));
  if (circular || previous.length > CNAME_CHAIN_MAX) return { answers: [] };
  if (inZone(target.toLowerCase(), query.zone.toLowerCase())) {
    const next = addressRecords(query, target, type, [...previous, alias]);
    if (next === undefined || next.answers.length === 0) return { answers: [], truncated: next?.truncated ?? false };
    return { answers: [alias, ...next.answers], truncated: next.truncated ?? false };
  }
  const found = query.request.lookup(target, type);
  return { answers: [alias, ...(found?.answers ?? [])], truncated: found?.truncated ?? false };
}

function sameAlias(a: DnsRecord, b: DnsRecord): boolean {
  return a.name.toLowerCase() === b.name.toLowerCase() && a.data.toLowerCase() === b.data.toLowerCase();
}

/** 100 shared by all that matched, duplicates included, at least 1. In floating point, as the original computes it. */
function weightOf(hits: readonly Hit[]): number {
  return Math.max(1, Math.floor((100 / (hits.length * 100)) * 100));
}

/** SRV for each port of each target once, with every target's addresses beside it. */
export function serviceRecords(query: Query): Records | undefined {
  const { request, zone, options } = query;
  const found = hitsOf(request.lowerName, 'SRV', query);
  if (found === undefined) return undefined;
  const hits = found.filter(({ host }) => host.type !== 'CNAME');
  const weight = weightOf(hits);
  const answers = new Map<string, DnsRecord>();
  const additionals = new Map<string, DnsRecord>();
  const { ttl } = options;
  for (const { host, port, owner } of hits) {
    if (port === -1) continue;
    const target = `${owner}.${zone}`;
    const data = `0 ${weight} ${port} ${target}`;
    if (!answers.has(data)) answers.set(data, { name: request.name, type: 'SRV', ttl, data });
    const address = `${target} ${host.text}`;
    if (!additionals.has(address)) additionals.set(address, { name: target, type: host.type, ttl, data: host.data });
  }
  return { answers: [...answers.values()], additionals: [...additionals.values()] };
}

/** The schema version at `dns-version.<zone>`; anywhere else a name with other records has no TXT, and the rest is unknown. */
export function textRecords({ request, zone, options, context }: Query): Records | undefined {
  const { name, lowerName } = request;
  if (lowerName === `dns-version.${zone.toLowerCase()}`) {
    return { answers: [{ name, type: 'TXT', ttl: TXT_TTL_SECONDS, data: TXT_VERSION }] };
  }
  const hits = find(lowerName, zone, options, context.facts);
  if (hits === undefined) return undefined;
  const zonal = options.zonal && lowerName.includes('._zone.');
  return hits.length === 0 && !zonal ? undefined : { answers: [] };
}

export function aliasRecords(query: Query): Records | undefined {
  const { request, options } = query;
  const hits = hitsOf(request.lowerName, 'CNAME', query);
  if (hits === undefined) return undefined;
  const host = hits[0]?.host;
  if (host?.type !== 'CNAME') return { answers: [] };
  return { answers: [{ name: request.name, type: 'CNAME', ttl: options.ttl, data: host.data }] };
}

export function pointerRecords({ request, zone, options, context }: Query): Records | undefined {
  const address = addressOfReverseName(request.lowerName);
  if (address === undefined) {
    return find(request.lowerName, zone, options, context.facts) === undefined ? undefined : { answers: [] };
  }
  const names = namesAt(address, options, context.facts);
  if (names.length === 0) return undefined;
  return { answers: names.map((data) => ({ name: request.name, type: 'PTR', ttl: options.ttl, data })) };
}

/** NS at the apex, each server once, with its addresses beside it. */
export function serverRecords({ request, zone, options, context }: Query): Records {
  const { ttl } = options;
  const servers = nameServersOf(zone, options, context);
  const names = [...new Set(servers.map((server) => server.name))];
  return {
    answers: names.map((data) => ({ name: request.name, type: 'NS', ttl, data })),
    additionals: servers.map(({ name, host }) => ({ name, type: host.type, ttl, data: host.data })),
  };
}
