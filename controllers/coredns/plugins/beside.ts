/**
 * Plugins that stand beside the way of a query and serve HTTP, or nothing: they pass queries on.
 *
 * Source: CoreDNS plugin/{health,ready,debug}/setup.go, plugin/health/{health,overloaded}.go.
 */
import type { Moment } from '../../../src/model/index.ts';
import { CorefileError, wrongArguments } from '../corefile/error.ts';
import type { Directive, OptionLine } from '../corefile/parse.ts';
import type { Token } from '../corefile/tokens.ts';
import { Histogram, SLIM_TIME_BUCKETS } from '../histogram.ts';
import type { MetricFamily } from '../metrics.ts';
import type { Handler, Memory, Plugin } from '../plugin.ts';
import { argumentsOf, durationMsOf, listenAddressOf, onlyOne, unknownOption } from './options.ts';

/** Plugins that are never asked about a query: a server block that has no others is served by nobody. */
export const BESIDE: ReadonlySet<string> = new Set(['reload', 'bind', 'debug', 'ready', 'health']);

const pass = (next: Handler): Handler => next;

const HEALTH_ADDRESS = ':8080';
const READY_ADDRESS = ':8181';

function addressOr(byDefault: string, found: readonly Token[]): string {
  if (found.length > 1) throw wrongArguments(found[1]!);
  return found[0] === undefined ? byDefault : listenAddressOf(found[0]);
}

function lameduckMsOf(line: OptionLine): number {
  const [duration] = argumentsOf(line, 1);
  try {
    return durationMsOf(duration!);
  } catch (error) {
    if (!(error instanceof CorefileError)) throw error;
    const reason = error.message.replace(/^.*Error during parsing: /, '');
    const said = `unable to parse lameduck duration value: '${duration!.text}' : ${reason}`;
    throw new CorefileError(duration!, `plugin/health: ${said}`);
  }
}

class HealthMemory implements Memory {
  startedAt: Moment | undefined;

  copy(): HealthMemory {
    return Object.assign(new HealthMemory(), this);
  }
}

const OWN_CHECK_EVERY_MS = 1000;

/** It asks itself once a second, which takes no time here and never fails. */
function healthFamilies({ startedAt }: HealthMemory, at: Moment): readonly MetricFamily[] {
  const durations = new Histogram(SLIM_TIME_BUCKETS);
  durations.observe(0, startedAt === undefined ? 0 : Math.floor((at - startedAt) / OWN_CHECK_EVERY_MS));
  return [
    {
      name: 'coredns_health_request_duration_seconds',
      help: 'Histogram of the time (in seconds) each request took.',
      type: 'histogram',
      samples: [durations.sample({})],
    },
    {
      name: 'coredns_health_request_failures_total',
      help: 'The number of times the health check failed.',
      type: 'counter',
      samples: [{ labels: {}, value: 0 }],
    },
  ];
}

export const health: Plugin = {
  name: 'health',
  plain: healthFamilies(new HealthMemory(), 0),
  setup(directives) {
    let address = HEALTH_ADDRESS;
    let lameduckMs = 0;
    // Written twice, the last counts.
    for (const { arguments: found, block = [] } of directives) {
      address = addressOr(address, found);
      for (const line of block) {
        if (line.option.text !== 'lameduck') throw unknownOption(line);
        lameduckMs = lameduckMsOf(line);
      }
    }
    return {
      handler: pass,
      endpoint: { address, path: '/health' },
      lameduckMs,
      remember: () => new HealthMemory(),
      start: (memory, context) => {
        (memory as HealthMemory).startedAt = context.at;
      },
      metrics: (memory, _servers, at) => healthFamilies(memory as HealthMemory, at),
    };
  },
};

/** Whether plugins are asked again once they were ready makes no difference: informers that have synced stay so. */
function checkMonitor(line: OptionLine): void {
  if (line.option.text !== 'monitor') throw unknownOption(line);
  const [type] = argumentsOf(line, 1);
  if (type!.text === 'until-ready' || type!.text === 'continuously') return;
  throw new CorefileError(type!, `monitor type '${type!.text}' not supported`);
}

export const ready: Plugin = {
  name: 'ready',
  setup(directives) {
    const { arguments: found, block = [] } = onlyOne(directives);
    const address = addressOr(READY_ADDRESS, found);
    for (const line of block) checkMonitor(line);
    return { handler: pass, endpoint: { address, path: '/ready' } };
  },
};

function takesNothing({ arguments: found }: Directive): void {
  if (found[0] !== undefined) throw wrongArguments(found[0]);
}

export const debug: Plugin = {
  name: 'debug',
  setup(directives) {
    for (const directive of directives) takesNothing(directive);
    return { handler: pass };
  },
};
