/** metadata: what plugins say of a query, for others of the server block to use. Source: CoreDNS plugin/metadata. */
import { wrongArguments } from '../corefile/error.ts';
import type { Plugin } from '../plugin.ts';
import { originsOf, zoneOf } from '../zones.ts';
import { onlyOne } from './options.ts';

export const metadata: Plugin = {
  name: 'metadata',
  setup(directives, setup) {
    const { arguments: found, block } = onlyOne(directives);
    if (block !== undefined) throw wrongArguments(block[0]?.option ?? directives[0]!.name);
    const zones = originsOf(
      found.map(({ text }) => text),
      setup.zones,
    );
    return {
      handler: (next, _, peers) => (request, context) => {
        if (zoneOf(request.lowerName, zones) === undefined) return next(request, context);
        let labels: ReadonlyMap<string, string> | undefined;
        // Few queries ask for a label, and each label is that of the query as it came in.
        const collected = () => {
          labels ??= new Map([...peers.values()].flatMap((peer) => [...(peer.labels?.(request, context) ?? [])]));
          return labels;
        };
        return next({ ...request, metadata: (label) => collected().get(label) }, context);
      },
    };
  },
};
