/** What a replayed query is answered under, unless its recording says otherwise: no cluster, nobody outside, all dice show 0. */
import type { DnsContext, UpstreamReply } from '../../../../controllers/coredns/index.ts';
import { EMPTY_DATAPLANE } from '../../../../src/dataplane/index.ts';
import type { Dice } from '../../../../src/model/index.ts';

/** Dice that always show the first side. */
export const FIRST: Dice = { below: () => 0, fraction: () => 0, split: () => FIRST };

export function contextFor(changes: Partial<DnsContext>): DnsContext {
  const context = {
    at: 0,
    wait: (ms: number) => {
      context.at += ms;
    },
    dice: FIRST,
    client: 0,
    facts: EMPTY_DATAPLANE,
    synced: true,
    localAddresses: [],
    upstream: (): UpstreamReply => ({ outcome: 'silent' }),
    ...changes,
  };
  return context;
}
