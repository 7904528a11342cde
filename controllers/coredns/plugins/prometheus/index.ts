/**
 * prometheus: counts queries and answers, their sizes and how long they took.
 *
 * Source: CoreDNS plugin/metrics (setup.go, handler.go), core/dnsserver/server.go (`errorAndMetricsFunc`).
 */
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { OptionLine } from '../../corefile/parse.ts';
import { writtenReply } from '../../message.ts';
import { isMessage, type Plugin, serverIn } from '../../plugin.ts';
import { zoneOf } from '../../zones.ts';
import { BESIDE } from '../beside.ts';
import { argumentsOf, listenAddressOf, onlyOne } from '../options.ts';
import { BUILD, enabledFamily, PLAIN, prometheusFamilies } from './families.ts';
import { PrometheusMemory } from './report.ts';

const ADDRESS = 'localhost:9153';
/** What no server block takes is counted under this: it has no closing dot, so that no zone is called so. */
const DROPPED = 'dropped';
/** Neither makes a difference to what is counted. */
function checkOption(line: OptionLine): void {
  if (line.option.text === 'runtime_metrics') argumentsOf(line, 0);
  else if (line.option.text === 'tls') argumentsOf(line, 1);
  else throw new CorefileError(line.option, `unknown option: ${line.option.text}`);
}

export const prometheus: Plugin = {
  name: 'prometheus',
  plain: PLAIN,
  setup(directives, { zones, plugins }) {
    const { arguments: found, block = [] } = onlyOne(directives);
    if (found.length > 1) throw wrongArguments(found[1]!);
    for (const line of block) checkOption(line);
    const address = found[0] === undefined ? ADDRESS : listenAddressOf(found[0]);
    const handlers = [...plugins].filter((name) => !BESIDE.has(name));
    return {
      endpoint: { address, path: '/metrics' },
      remember: () => new PrometheusMemory(),
      metrics: (memory, servers) => [
        ...prometheusFamilies(memory as PrometheusMemory),
        enabledFamily(handlers, zones[0]!, servers),
        BUILD,
      ],
      dropped: (memory, request, written, context) => {
        const { rcode } = written;
        (memory as PrometheusMemory)
          .zone(serverIn(context), DROPPED)
          .add({ request, context, rcode, plugin: '', written, tookMs: 0 });
      },
      handler: (next, memory) => (request, context) => {
        const beganAt = context.at;
        const reply = next(request, context);
        const { rcode } = writtenReply(request, reply);
        const written = isMessage(reply) ? reply : undefined;
        const zone = zoneOf(request.lowerName, zones) ?? '.';
        const { asked: plugin = '' } = context;
        const tookMs = context.at - beganAt;
        (memory() as PrometheusMemory)
          .zone(serverIn(context), zone)
          .add({ request, context, rcode, plugin, written, tookMs });
        return reply;
      },
    };
  },
};
