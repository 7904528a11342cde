/** What plugins count, in Prometheus' terms. Source: CoreDNS plugin/metrics; Prometheus' text format 0.0.4. */

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly MetricSample[];
}
