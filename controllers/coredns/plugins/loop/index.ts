/**
 * loop: asks itself for a name that nobody else can know when it starts. Who sees that query a third time forwards to
 * itself, and ends the process. Source: CoreDNS plugin/loop.
 */

import { formatEndpoint } from '../../../../src/model/index.ts';
import { wrongArguments } from '../../corefile/error.ts';
import { queryFor } from '../../message.ts';
import type { DnsContext, DnsRequest, Memory, Plugin } from '../../plugin.ts';
import { inZone } from '../../zones.ts';
import { onlyOne } from '../options.ts';

const SEEN_MAX = 2;

class LoopMemory implements Memory {
  /** the name asked for; undefined before and after the query of the start */
  name: string | undefined;
  seen = 0;
  listensOn = '';

  copy(): LoopMemory {
    return Object.assign(new LoopMemory(), this);
  }
}

/** Two random numbers of 62 bits, as labels. */
function randomName(zone: string, context: DnsContext): string {
  const number = () => ((BigInt(context.dice.below(2 ** 30)) << 32n) | BigInt(context.dice.below(2 ** 32))).toString();
  return `${number()}.${number()}.${zone === '.' ? '' : zone}`;
}

function detected(zone: string, listensOn: string, request: DnsRequest, { client, connection }: DnsContext): string {
  const from = formatEndpoint(client, connection?.clientPort ?? 0);
  const see = 'see https://coredns.io/plugins/loop#troubleshooting';
  return `[FATAL] plugin/loop: Loop (${from} -> ${listensOn}) detected for zone "${zone}", ${see}. Query: "HINFO ${request.lowerName}"`;
}

export const loop: Plugin = {
  name: 'loop',
  setup(directives, { zones }) {
    const { arguments: found } = onlyOne(directives);
    if (found[0] !== undefined) throw wrongArguments(found[0]);
    const zone = zones[0]!;
    return {
      remember: () => new LoopMemory(),
      start(memory, context, ask, listensOn) {
        const held = memory as LoopMemory;
        held.listensOn = listensOn;
        held.name = randomName(zone, context);
        ask(queryFor(held.name, 'HINFO', true));
        held.name = undefined;
      },
      handler: (next, memory) => (request, context) => {
        const held = memory() as LoopMemory;
        if (held.name === undefined || request.type !== 'HINFO' || !inZone(request.lowerName, zone)) {
          return next(request, context);
        }
        if (request.lowerName === held.name) held.seen++;
        if (held.seen > SEEN_MAX) {
          context.exit?.(detected(zone, held.listensOn, request, context));
          return 'SERVFAIL';
        }
        return next(request, context);
      },
    };
  },
};
