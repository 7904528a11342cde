/** The recordings' flows: single packets over the tables that were written, with every outcome that chance allows. */
import { type NftTable, nftRuleset } from '../../../../src/dataplane/index.ts';
import { addressOf, formatEndpoint, PROTOCOL_NUMBERS, type Protocol, SYN, TCP } from '../../../../src/model/index.ts';
import { type Outcome, outcomes, type SoloWorld, soloWorld } from '../../../../src/packet/index.ts';
import { firstDifference } from '../../difference.ts';
import type { Difference } from '../../suite.ts';
import type { Flow } from '../kube-proxy/recording.ts';
import type { Recording } from './recording.ts';

function outcomesOf(world: SoloWorld, flow: Flow): readonly Outcome[] {
  const protocol = PROTOCOL_NUMBERS[flow.protocol.toUpperCase() as Protocol];
  const source = addressOf(flow.sourceIP);
  const packet = {
    protocol,
    source,
    sourcePort: 40_000,
    destination: addressOf(flow.destIP),
    destinationPort: flow.destPort,
    flags: protocol === TCP ? SYN : 0,
    ttl: 64,
  };
  return outcomes(world.node.isLocal(source) ? world.node : world.client, packet, 0);
}

/** In the recordings' words: an endpoint, what refused the packet, ACCEPT, or nothing where no rule decided. */
function outputOf(flow: Flow, { verdict, seen, trace }: Outcome): string {
  if (verdict.verdict === 'dropped') return 'DROP';
  if (verdict.verdict === 'rejected') return 'REJECT';
  const output = formatEndpoint(seen.destination, seen.destinationPort);
  if (output !== formatEndpoint(addressOf(flow.destIP), flow.destPort)) return output;
  return trace.steps.some((step) => step.step === 'rule' && step.effect === 'accepted') ? 'ACCEPT' : '';
}

function sorted(list: Flow['outcomes']): readonly string[] {
  return list.map(({ output, masquerade }) => `${output}${masquerade ? ' masqueraded' : ''}`).sort();
}

/** The first flow that ends otherwise than recorded. */
export function flowDifference(
  flows: readonly Flow[],
  table: NftTable,
  config: Recording['config'],
  path: string,
): Difference | undefined {
  const world = soloWorld({
    name: config.nodeName ?? 'node',
    rules: [nftRuleset([table], table.family)],
    addresses: (config.localAddresses ?? []).map(addressOf),
    // kube-proxy sets route_localnet in iptables mode only.
    routeLocalnet: false,
  });
  for (const [i, flow] of flows.entries()) {
    const got = outcomesOf(world, flow).map((outcome) => ({
      output: outputOf(flow, outcome),
      masquerade: outcome.masqueraded,
    }));
    const where = `${path}.flows[${i}].outcomes (${flow.name})`;
    const difference = firstDifference(sorted(flow.outcomes), sorted(got), where);
    if (difference !== undefined) return difference;
  }
  return undefined;
}
