/** reload: looks for another Corefile at regular times. Source: CoreDNS plugin/reload/setup.go. */
import { CorefileError } from '../../corefile/error.ts';
import type { Plugin } from '../../plugin.ts';
import { argumentsOf, durationMsOf, onlyOne } from '../options.ts';

const INTERVAL_MS = 30_000;
const JITTER_MS = 15_000;
const INTERVAL_LEAST_MS = 2000;
const JITTER_LEAST_MS = 1000;

export const reload: Plugin = {
  name: 'reload',
  setup(directives) {
    const { name, arguments: found } = onlyOne(directives);
    const [interval, jitter] = argumentsOf({ option: name, arguments: found }, 0, 2);
    const intervalMs = interval === undefined ? INTERVAL_MS : durationMsOf(interval);
    if (intervalMs < INTERVAL_LEAST_MS) {
      throw new CorefileError(interval!, 'plugin/reload: interval value must be greater or equal to 2s');
    }
    const jitterMs = jitter === undefined ? JITTER_MS : durationMsOf(jitter);
    if (jitterMs !== 0 && jitterMs < JITTER_LEAST_MS) {
      throw new CorefileError(jitter!, 'plugin/reload: jitter value must be 0 or greater or equal to 1s');
    }
    // The interval is moved by up to half of the jitter, either way.
    return { handler: (next) => next, reload: { intervalMs, jitterMs: Math.min(jitterMs, intervalMs / 2) } };
  },
};
