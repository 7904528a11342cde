/** What plugins count, in Prometheus' terms. Source: CoreDNS plugin/metrics; Prometheus' text format 0.0.4 (common/expfmt). */

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  /** of a histogram: the sum of what was observed */
  readonly value: number;
  /** of a histogram: how many values were at most each bound, and more than the one before; the last count is of those beyond */
  readonly buckets?: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly MetricSample[];
}

/** As Go's `strconv.FormatFloat(value, 'g', -1, 64)`: an exponent of two digits from a million up, and below a ten thousandth. */
function formatValue(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function labelsText(labels: MetricSample['labels']): string {
  return Object.keys(labels)
    .sort()
    .map((label) => `${label}="${escaped(labels[label]!)}"`)
    .join(',');
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${formatValue(value)}\n`;
}

function sampleLines(name: string, labels: string, { value, buckets }: MetricSample): string {
  if (buckets === undefined) return line(name, labels, value);
  let count = 0;
  let text = '';
  for (const [i, own] of buckets.counts.entries()) {
    const bound = i < buckets.bounds.length ? formatValue(buckets.bounds[i]!) : '+Inf';
    count += own;
    text += line(`${name}_bucket`, `${labels}${labels === '' ? '' : ','}le="${bound}"`, count);
  }
  return text + line(`${name}_sum`, labels, value) + line(`${name}_count`, labels, count);
}

/** The text that a metrics endpoint shows; a family without samples is not there. */
export function formatMetrics(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const labelled = samples.map((sample) => [labelsText(sample.labels), sample] as const);
      labelled.sort(([a], [b]) => (a < b ? -1 : 1));
      const lines = labelled.map(([labels, sample]) => sampleLines(name, labels, sample));
      return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`, ...lines].join('');
    })
    .join('');
}

function added(before: MetricSample, sample: MetricSample): MetricSample {
  const value = before.value + sample.value;
  if (before.buckets === undefined || sample.buckets === undefined) return { ...sample, value };
  const { bounds } = sample.buckets;
  const counts = sample.buckets.counts.map((count, i) => count + before.buckets!.counts[i]!);
  return { ...sample, value, buckets: { bounds, counts } };
}

/** Samples of the same labels become one: counts are added up, of what just is the last holds. */
function joined({ type, samples }: MetricFamily): readonly MetricSample[] {
  const byLabels = new Map<string, MetricSample>();
  for (const sample of samples) {
    const labels = labelsText(sample.labels);
    const before = byLabels.get(labels);
    byLabels.set(labels, before === undefined || type === 'gauge' ? sample : added(before, sample));
  }
  return [...byLabels.values()];
}

/** One family of each name, by name; those that count the same thing are added up. */
export function joinFamilies(families: readonly MetricFamily[]): readonly MetricFamily[] {
  const byName = new Map<string, MetricFamily>();
  for (const family of families) {
    const samples = [...(byName.get(family.name)?.samples ?? []), ...family.samples];
    byName.set(family.name, { ...family, samples });
  }
  return [...byName.values()]
    .map((family) => ({ ...family, samples: joined(family) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
