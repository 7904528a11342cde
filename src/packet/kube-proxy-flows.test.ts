/** The flows of kube-proxy's own tests, replayed over the rules that it wrote (recordings: kube-proxy v1.36.2). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isParseFailure, parseIptablesSave, type Ruleset } from '../dataplane/index.ts';
import { addressOf, formatEndpoint, PROTOCOL_NUMBERS, type Protocol, SYN, TCP } from '../model/index.ts';
import { type Outcome, outcomes } from './outcomes.ts';
import { type SoloWorld, soloWorld } from './solo-world.ts';

interface Flow {
  readonly name: string;
  readonly sourceIP: string;
  readonly protocol: string;
  readonly destIP: string;
  readonly destPort: number;
  readonly outcomes: readonly { readonly output: string; readonly masquerade: boolean }[];
}

interface Recording {
  readonly name: string;
  readonly config: {
    readonly ipFamily?: string;
    readonly localAddresses?: readonly string[];
    readonly localhostNodePorts?: boolean;
    readonly nodeIP?: string;
  };
  readonly steps?: readonly { readonly ruleset?: string; readonly flows?: readonly Flow[]; readonly config?: object }[];
}

const DATA = join(import.meta.dirname, '../../test/conformance/data/kube-proxy-iptables-flows');

function read(file: string): Recording {
  return JSON.parse(readFileSync(`${DATA}/${file}`, 'utf8')) as Recording;
}

function hasFlows(file: string): boolean {
  return file.endsWith('.json') && (read(file).steps ?? []).some(({ flows }) => (flows ?? []).length > 0);
}

function rulesetOf(text: string, family: 4 | 6): Ruleset {
  const ruleset = parseIptablesSave(text, family);
  if (isParseFailure(ruleset)) throw new Error(`line ${ruleset.line}: ${ruleset.message}`);
  return ruleset;
}

function worldFor(config: Recording['config'], ruleset: string): SoloWorld {
  const family = config.ipFamily === 'IPv6' ? 6 : 4;
  return soloWorld({
    name: 'test-node',
    rules: [rulesetOf(ruleset, family)],
    addresses: (config.localAddresses ?? []).map(addressOf),
    routeLocalnet: config.localhostNodePorts ?? true,
  });
}

function outcomesOf(world: SoloWorld, flow: Flow): readonly Outcome[] {
  const protocol = PROTOCOL_NUMBERS[flow.protocol.toUpperCase() as Protocol];
  const source = addressOf(flow.sourceIP);
  const from = world.node.isLocal(source) ? world.node : world.client;
  const packet = {
    protocol,
    source,
    sourcePort: 40000,
    destination: addressOf(flow.destIP),
    destinationPort: flow.destPort,
    flags: protocol === TCP ? SYN : 0,
    ttl: 64,
  };
  return outcomes(from, packet, 0);
}

/** In the words of the recordings. */
function outputOf(flow: Flow, { verdict, seen, trace }: Outcome): string {
  if (verdict.verdict === 'dropped') return 'DROP';
  if (verdict.verdict === 'rejected') return 'REJECT';
  const output = formatEndpoint(seen.destination, seen.destinationPort);
  if (output !== formatEndpoint(addressOf(flow.destIP), flow.destPort)) return output;
  return trace.steps.some((step) => step.step === 'rule' && step.effect === 'accepted') ? 'ACCEPT' : '';
}

function sorted(list: readonly { output: string; masquerade: boolean }[]): string[] {
  return list.map(({ output, masquerade }) => `${output}${masquerade ? ' masqueraded' : ''}`).sort();
}

describe.each(readdirSync(DATA).filter(hasFlows))('%s', (file) => {
  const recording = read(file);
  let config = recording.config;
  const cases = (recording.steps ?? []).flatMap((step, i) => {
    config = { ...config, ...step.config };
    const { ruleset, flows = [] } = step;
    return ruleset === undefined || flows.length === 0 ? [] : [{ step: i, ruleset, flows, config }];
  });

  test.each(cases)('step $step: every flow ends as recorded', ({ ruleset, flows, config }) => {
    const world = worldFor(config, ruleset);
    for (const flow of flows) {
      const found = outcomesOf(world, flow);
      const ends = found.map((outcome) => ({ output: outputOf(flow, outcome), masquerade: outcome.masqueraded }));
      expect([flow.name, ...sorted(ends)]).toEqual([flow.name, ...sorted(flow.outcomes)]);
      expect(found.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
    }
  });
});
