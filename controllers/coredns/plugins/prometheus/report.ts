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

interface Counted {
  readonly labels: readonly string[];
  count: number;
}

/** Counts under the values of several labels. Few are in use, and a query is nearly always counted as the one before it. */
export class Counts {
  readonly counted: Counted[] = [];
  #last: Counted | undefined;

  /** One more; a label that there is not is left out. */
  add(first: string, second: string, third?: string): void {
    if (this.#last === undefined || !isUnder(this.#last, first, second, third)) {
      this.#last = this.counted.find((one) => isUnder(one, first, second, third));
    }
    if (this.#last === undefined) {
      const labels = third === undefined ? [first, second] : [first, second, third];
      this.#last = { labels, count: 0 };
      this.counted.push(this.#last);
    }
    this.#last.count++;
  }

  copy(): Counts {
    const copy = new Counts();
    copy.counted.push(...this.counted.map((one) => ({ ...one })));
    return copy;
  }
}

function isUnder({ labels }: Counted, first: string, second: string, third: string | undefined): boolean {
  return labels[0] === first && labels[1] === second && labels[2] === third;
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
  requests = new Counts();
  /** by code and plugin */
  responses = new Counts();
  readonly sizes = new Map<Protocol, Sizes>();
  dnssecRequests = 0;
  duration = new Histogram(TIME_BUCKETS);

  add({ request, context, rcode, plugin, written, tookMs }: Answered): void {
    const { client, connection } = context;
    const protocol = connection?.protocol ?? 'udp';
    const type = MONITORED.has(request.type) ? request.type : 'other';
    this.requests.add(protocol, typeof client === 'number' ? '1' : '2', type);
    this.responses.add(rcode, plugin);
    if (wantsDnssec(request)) this.dnssecRequests++;
    this.duration.observe(tookMs / 1000);
    const { requests, responses } = this.#sizesOf(protocol);
    requests.observe(queryBytes(request));
    responses.observe(written === undefined ? 0 : messageBytes(written));
  }

  copy(): ZoneReport {
    const copy = new ZoneReport();
    copy.requests = this.requests.copy();
    copy.responses = this.responses.copy();
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
