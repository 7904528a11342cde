/** What template counts. Source: CoreDNS plugin/template/metrics.go. */
import { Counter } from '../../counter.ts';
import type { MetricFamily } from '../../metrics.ts';
import type { Memory } from '../../plugin.ts';

export class TemplateMemory implements Memory {
  matches = new Counter();
  /** texts that could not be filled in */
  textFailures = new Counter();
  /** texts that are no records once they are filled in */
  recordFailures = new Counter();

  copy(): TemplateMemory {
    const copy = new TemplateMemory();
    copy.matches = this.matches.copy();
    copy.textFailures = this.textFailures.copy();
    copy.recordFailures = this.recordFailures.copy();
    return copy;
  }
}

export function templateMetrics({ matches, textFailures, recordFailures }: TemplateMemory): readonly MetricFamily[] {
  return [
    {
      name: 'coredns_template_matches_total',
      help: 'Counter of template regex matches.',
      type: 'counter',
      samples: matches.samples,
    },
    {
      name: 'coredns_template_template_failures_total',
      help: 'Counter of go template failures.',
      type: 'counter',
      samples: textFailures.samples,
    },
    {
      name: 'coredns_template_rr_failures_total',
      help: 'Counter of mis-templated RRs.',
      type: 'counter',
      samples: recordFailures.samples,
    },
  ];
}
