/** The recordings' flows: single packets over the rules that were written, with every outcome that chance allows. */
import { isParseFailure, parseIptablesSave, type Ruleset } from '../../../../src/dataplane/index.ts';
import {
  addressOf,
  type Family,
  formatEndpoint,
  PROTOCOL_NUMBERS,
  type Protocol,
  SYN,
  TCP,
} from '../../../../src/model/index.ts';
import { type Outcome, outcomes, type SoloWorld, soloWorld } from '../../../../src/packet/index.ts';
import { firstDifference } from '../../difference.ts';
import type { Difference } from '../../suite.ts';
import type { Flow } from '../kube-proxy/recording.ts';
import type { Recording } from './recording.ts';

export function rulesetOf(text: string, family: Family): Ruleset {
  const ruleset = parseIptablesSave(text, family);
  if (isParseFailure(ruleset)) throw new Error(`line ${ruleset.line} of the rules: ${ruleset.message}`);
  return ruleset;
}

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
  rules: string,
  config: Recording['config'],
  path: string,
): Difference | undefined {
  if (flows.length === 0) return undefined;
  const family = config.ipFamily === 'IPv6' ? 6 : 4;
  const world = soloWorld({
    name: config.nodeName ?? 'node',
    rules: [rulesetOf(rules, family)],
    addresses: (config.localAddresses ?? []).map(addressOf),
    routeLocalnet: config.localhostNodePorts ?? true,
  });
  for (const [i, flow] of flows.entries()) {
    const got = outcomesOf(world, flow).map((outcome) => ({
      output: outputOf(flow, outcome),
      masquerade: outcome.masqueraded,
    }));
    const difference = firstDifference(
      sorted(flow.outcomes),
      sorted(got),
      `${path}.flows[${i}].outcomes (${flow.name})`,
    );
    if (difference !== undefined) return difference;
  }
  return undefined;
}
