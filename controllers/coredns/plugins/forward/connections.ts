/**
 * Connections to one name server, kept open for the next query, and what is counted of it.
 * Source: CoreDNS plugin/pkg/proxy/{persistent,connect,metrics}.go.
 */
import type { Moment } from '../../../../src/model/index.ts';
import { Histogram, TIME_BUCKETS } from '../../histogram.ts';
import type { Transport } from '../../plugin.ts';
import type { ForwardOptions } from './options.ts';

/** As metrics call it; over HTTPS Go keeps connections by itself. */
type Protocol = 'udp' | 'tcp' | 'tcp-tls';

interface Connection {
  readonly openedAt: Moment;
  readonly usedAt: Moment;
}

const PROTOCOLS: Readonly<Record<Transport, Protocol | undefined>> = {
  udp: 'udp',
  tcp: 'tcp',
  tls: 'tcp-tls',
  https: undefined,
};

export class Connections {
  readonly hits = new Map<Protocol, number>();
  readonly misses = new Map<Protocol, number>();
  /** how long answers took, by code */
  readonly durations = new Map<string, Histogram>();
  /** the one that has not been used for longest first */
  readonly #idle = new Map<Protocol, readonly Connection[]>();

  /** One to send a query over: one that is idle and not too old, or a new one. When it was opened is what `close` takes. */
  open(over: Transport, { expireMs, maxAgeMs }: ForwardOptions, at: Moment): Moment {
    const protocol = PROTOCOLS[over];
    if (protocol === undefined) return at;
    const idle = this.#idle.get(protocol) ?? [];
    const usable = idle.findIndex(
      ({ openedAt, usedAt }) => at - usedAt <= expireMs && (maxAgeMs === 0 || at - openedAt <= maxAgeMs),
    );
    this.#idle.set(protocol, usable < 0 ? [] : idle.slice(usable + 1));
    const counts = usable < 0 ? this.misses : this.hits;
    counts.set(protocol, (counts.get(protocol) ?? 0) + 1);
    return usable < 0 ? at : idle[usable]!.openedAt;
  }

  /** The query was answered: the connection is kept. One that failed is not. */
  answered(over: Transport, openedAt: Moment, { maxIdleConnections }: ForwardOptions, usedAt: Moment): void {
    const protocol = PROTOCOLS[over];
    if (protocol === undefined) return;
    const idle = this.#idle.get(protocol) ?? [];
    if (maxIdleConnections > 0 && idle.length >= maxIdleConnections) return;
    this.#idle.set(protocol, [...idle, { openedAt, usedAt }]);
  }

  took(rcode: string, ms: number): void {
    let durations = this.durations.get(rcode);
    if (durations === undefined) this.durations.set(rcode, (durations = new Histogram(TIME_BUCKETS)));
    durations.observe(ms / 1000);
  }

  copy(): Connections {
    const copy = new Connections();
    for (const [protocol, count] of this.hits) copy.hits.set(protocol, count);
    for (const [protocol, count] of this.misses) copy.misses.set(protocol, count);
    for (const [rcode, durations] of this.durations) copy.durations.set(rcode, durations.copy());
    for (const [protocol, idle] of this.#idle) copy.#idle.set(protocol, idle);
    return copy;
  }
}
