/** What is done to a reply on its way back. Source: CoreDNS plugin/rewrite/{reverter,name,ttl,rcode}.go. */
import type { DnsRecord, EdnsOption, Rcode } from '../../../../src/model/index.ts';
import type { DnsRequest } from '../../plugin.ts';
import { filledIn } from './match.ts';

/** A reply while it is changed: a rule may change any part, records that other rules hold included. */
export interface ReplyDraft {
  rcode: Rcode;
  truncated: boolean;
  answers: RecordDraft[];
}

export type RecordDraft = { -readonly [Field in keyof DnsRecord]: DnsRecord[Field] };

export type ResponseRule =
  /** runs on every record of every section; `asked` is the query as it went on */
  | {
      readonly on: 'record';
      readonly change: (record: RecordDraft, reply: ReplyDraft, asked: DnsRequest) => void;
    }
  /** runs as often as there are records, and once where there are none */
  | { readonly on: 'reply'; readonly change: (reply: ReplyDraft) => void }
  /** runs on the options that the reply repeats from the query */
  | { readonly on: 'options'; readonly change: (options: readonly EdnsOption[]) => readonly EdnsOption[] };

export function ttlRule(least: number, most: number): ResponseRule {
  return {
    on: 'record',
    change: (record) => {
      record.ttl = Math.min(Math.max(record.ttl, least), most);
    },
  };
}

export function rcodeRule(from: Rcode, to: Rcode): ResponseRule {
  return {
    on: 'reply',
    change: (reply) => {
      if (reply.rcode === from) reply.rcode = to;
    },
  };
}

/** What becomes of a name; the same name where nothing does. */
export type Rename = (name: string) => string;

export function ownerRule(rename: Rename): ResponseRule {
  return {
    on: 'record',
    change: (record) => {
      record.name = rename(record.name);
    },
  };
}

/** Where in its data a record names another, as a zone file writes it. */
const NAME_AT: Readonly<Record<string, 'first' | 'last'>> = {
  CNAME: 'first',
  DNAME: 'first',
  NS: 'first',
  PTR: 'first',
  SOA: 'first',
  MX: 'last',
  SRV: 'last',
  NAPTR: 'last',
};

export function valueRule(rename: Rename): ResponseRule {
  return {
    on: 'record',
    change: (record) => {
      const at = NAME_AT[record.type];
      if (at !== undefined) record.data = record.data.replace(at === 'first' ? /^\S+/ : /\S+$/, (name) => rename(name));
    },
  };
}

export function byPattern(pattern: RegExp, to: string): Rename {
  return (name) => filledIn(pattern, name, to) ?? name;
}

export function bySuffix(from: string, to: string): Rename {
  return (name) => (name.endsWith(from) ? name.slice(0, name.length - from.length) + to : name);
}

/** The name itself, and what lies below it. */
export function byDomain(from: string, to: string): Rename {
  return (name) => {
    if (name === from) return to;
    return name.endsWith(`.${from}`) ? name.slice(0, name.length - from.length) + to : name;
  };
}
