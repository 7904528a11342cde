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

/** As Go's `strconv.FormatFloat(value, 'g', -1, 64)`: an exponent of two digits from a million up. */
function formatValue(value: number): string {
  if (Math.abs(value) < 1e6) return String(value);
  return value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function sampleLine(name: string, { labels, value }: MetricSample): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((label) => `${label}="${escaped(labels[label]!)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${formatValue(value)}\n`;
}

/** The text that a metrics endpoint shows; a family without samples is not there. */
export function formatMetrics(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map((sample) => sampleLine(name, sample)).sort();
      return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`, ...lines].join('');
    })
    .join('');
}
