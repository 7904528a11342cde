/** What is counted of queries, zone by zone. Source: CoreDNS plugin/metrics/vars/{report,monitor}.go. */
import type { DnsMessage, Rcode } from '../../../../src/model/index.ts';
import { Histogram, SIZE_BUCKETS, TIME_BUCKETS } from '../../histogram.ts';
import { wantsDnssec } from '../../message.ts';
import type { Connection, DnsContext, DnsRequest, Memory } from '../../plugin.ts';
import { messageBytes, queryBytes } from '../../truncate.ts';

const MONITORED: ReadonlySet<string> = new Set(
  'AAAA A CNAME DNSKEY DS MX NSEC3 NSEC NS PTR RRSIG SOA SRV TXT HTTPS SVCB IXFR AXFR ANY'.split(' '),
);

type Protocol = Connection['protocol'];

/** A count under several labels, one map a label: queries are many, and a text for each would cost more than its answer. */
export type Counts = Map<string, Counts | number>;

function count(counts: Counts, labels: readonly [...string[], string]): void {
  let at = counts;
  for (let i = 0; i < labels.length - 1; i++) {
    let next = at.get(labels[i]!) as Counts | undefined;
    if (next === undefined) at.set(labels[i]!, (next = new Map()));
    at = next;
  }
  const last = labels[labels.length - 1]!;
  at.set(last, ((at.get(last) as number | undefined) ?? 0) + 1);
}

function copyOf(counts: Counts): Counts {
  return new Map([...counts].map(([label, value]) => [label, typeof value === 'number' ? value : copyOf(value)]));
}

interface Sizes {
  readonly requests: Histogram;
  readonly responses: Histogram;
}

/** One query and what became of it. */
export interface Answered {
  readonly request: DnsRequest;
  readonly context: DnsContext;
  readonly rcode: Rcode;
  /** who answered; empty where no plugin did */
  readonly plugin: string;
  /** undefined where no plugin has written one */
  readonly written: DnsMessage | undefined;
  readonly tookMs: number;
}

/** What is counted of one zone. */
export class ZoneReport {
  /** by protocol, family and type */
  readonly requests: Counts = new Map();
  /** by code and plugin */
  readonly responses: Counts = new Map();
  readonly sizes = new Map<Protocol, Sizes>();
  dnssecRequests = 0;
  duration = new Histogram(TIME_BUCKETS);

  add({ request, context, rcode, plugin, written, tookMs }: Answered): void {
    const { client, connection } = context;
    const protocol = connection?.protocol ?? 'udp';
    const type = MONITORED.has(request.type) ? request.type : 'other';
    count(this.requests, [protocol, typeof client === 'number' ? '1' : '2', type]);
    count(this.responses, [rcode, plugin]);
    if (wantsDnssec(request)) this.dnssecRequests++;
    this.duration.observe(tookMs / 1000);
    const { requests, responses } = this.#sizesOf(protocol);
    requests.observe(queryBytes(request));
    responses.observe(written === undefined ? 0 : messageBytes(written));
  }

  copy(): ZoneReport {
    const copy = new ZoneReport();
    for (const [label, value] of copyOf(this.requests)) copy.requests.set(label, value);
    for (const [label, value] of copyOf(this.responses)) copy.responses.set(label, value);
    for (const [protocol, { requests, responses }] of this.sizes) {
      copy.sizes.set(protocol, { requests: requests.copy(), responses: responses.copy() });
    }
    copy.dnssecRequests = this.dnssecRequests;
    copy.duration = this.duration.copy();
    return copy;
  }

  #sizesOf(protocol: Protocol): Sizes {
    let sizes = this.sizes.get(protocol);
    if (sizes === undefined) {
      sizes = { requests: new Histogram(SIZE_BUCKETS), responses: new Histogram(SIZE_BUCKETS) };
      this.sizes.set(protocol, sizes);
    }
    return sizes;
  }
}

export class PrometheusMemory implements Memory {
  /** by where the server listens, `dns://:53`, and by zone */
  readonly servers = new Map<string, Map<string, ZoneReport>>();

  zone(server: string, zone: string): ZoneReport {
    let zones = this.servers.get(server);
    if (zones === undefined) this.servers.set(server, (zones = new Map()));
    let report = zones.get(zone);
    if (report === undefined) zones.set(zone, (report = new ZoneReport()));
    return report;
  }

  copy(): PrometheusMemory {
    const copy = new PrometheusMemory();
    for (const [server, zones] of this.servers) {
      copy.servers.set(server, new Map(Array.from(zones, ([zone, report]) => [zone, report.copy()])));
    }
    return copy;
  }
}
