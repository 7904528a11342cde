/** What holds of addresses in each of AKS's models, whatever comes, goes, fails and starts anew. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Emulator, INVARIANTS_AT_REST } from '../../src/emulator/index.ts';
import type { AddressModel, AgentPoolProfile, ClusterSettings, NetworkProfile } from '../../src/model/index.ts';
import { aCluster } from '../support/cluster.ts';
import { holds } from '../support/seed.ts';
import { act, anEstablishedCluster, heal, someDeeds } from './churn.ts';

const SERVICES = { serviceCidr: '10.96.0.0/16', dnsServiceIP: '10.96.0.10' } as const;
const FLAT: NetworkProfile = { networkPlugin: 'azure', ...SERVICES };
const RANGE = { podCidr: '10.244.0.0/21', ...SERVICES } as const;

const PROFILES: { readonly [model in AddressModel]: readonly [NetworkProfile, Partial<AgentPoolProfile>] } = {
  overlay: [{ networkPlugin: 'azure', networkPluginMode: 'overlay', ...RANGE }, { maxPods: 250 }],
  'pod-subnet-dynamic': [FLAT, { maxPods: 30, podSubnet: 'pods' }],
  'pod-subnet-static-block': [FLAT, { maxPods: 30, podSubnet: 'pods', podIPAllocationMode: 'StaticBlock' }],
  'node-subnet': [FLAT, { maxPods: 30 }],
  kubenet: [{ networkPlugin: 'kubenet', ...RANGE }, { maxPods: 110 }],
};
const MODELS = Object.keys(PROFILES) as readonly AddressModel[];
/** programs that are there only where pods get their addresses from a pod subnet */
const OWN_PROGRAMS = ['azure-cns', 'dnc'];

/** Three nodes, and subnets that hold five. */
function settingsOf(model: AddressModel, change: Partial<ClusterSettings> = {}): ClusterSettings {
  const [networkProfile, pool] = PROFILES[model];
  return aCluster({
    networkProfile,
    virtualNetwork: {
      addressPrefixes: ['10.10.0.0/16'],
      subnets: [
        { name: 'aks', addressPrefix: '10.10.12.0/24' },
        { name: 'pods', addressPrefix: '10.10.13.0/24' },
      ],
    },
    agentPoolProfiles: [{ name: 'nodepool1', count: 3, maxPods: 30, vnetSubnet: 'aks', ...pool }],
    apiServer: { address: '10.10.20.4', port: 443 },
    ...change,
  });
}

function brokenBy(emulator: Emulator): readonly string[] {
  return INVARIANTS_AT_REST.flatMap((invariant) => invariant(emulator));
}

/** Before each deed, CNS or DNC may die, or come to hear of things late. */
const misfortune = fc.record({
  program: fc.constantFrom(...OWN_PROGRAMS),
  kind: fc.constantFrom('crash', 'crash-after', 'lag', 'none'),
  amount: fc.integer({ min: 1, max: 5 }),
});

function befall(
  emulator: Emulator,
  { program, kind, amount }: { program: string; kind: string; amount: number },
): void {
  if (!emulator.programs.includes(program)) return;
  if (kind === 'crash') emulator.inject({ fault: 'crash', program, downMs: amount * 1000 });
  if (kind === 'crash-after') emulator.inject({ fault: 'crash-after', program, intents: amount });
  if (kind === 'lag') emulator.inject({ fault: 'lag', program, lagMs: amount * 1000 });
}

describe.each(MODELS)('%s', (model) => {
  test('keeps its addresses under churn and faults', () => {
    holds(
      fc.property(fc.integer(), someDeeds, fc.array(misfortune, { maxLength: 10 }), (seed, deeds, misfortunes) => {
        const emulator = anEstablishedCluster(seed, 20, settingsOf(model));
        for (const [i, deed] of deeds.entries()) {
          if (misfortunes[i] !== undefined) befall(emulator, misfortunes[i]);
          act(emulator, deed);
        }
        for (const program of OWN_PROGRAMS)
          if (emulator.programs.includes(program)) emulator.inject({ fault: 'lag', program, lagMs: 0 });
        heal(emulator);
        expect(brokenBy(emulator)).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test('gives to others what comes free', () => {
    holds(
      fc.property(fc.integer(), fc.integer({ min: 60, max: 400 }), fc.nat({ max: 20 }), (seed, many, few) => {
        const emulator = anEstablishedCluster(seed, 0, settingsOf(model, { systemPods: false }));
        emulator.scale('Deployment', 'default/a', many);
        emulator.advance(120_000);
        emulator.scale('Deployment', 'default/a', 0);
        emulator.scale('Deployment', 'default/b', few);
        emulator.advance(900_000);
        emulator.settle();
        expect(emulator.get('Deployment', 'default/b')?.status.readyReplicas ?? 0).toBe(few);
        expect(brokenBy(emulator)).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });
});

test('version 2 of the pool monitor, and the scaler of exhausted subnets, keep their addresses too', () => {
  holds(
    fc.property(fc.integer(), someDeeds, fc.boolean(), fc.boolean(), (seed, deeds, enableIPAMv2, scarce) => {
      const azureCns = { enableIPAMv2, enableSubnetScarcity: scarce };
      const emulator = anEstablishedCluster(seed, 20, settingsOf('pod-subnet-dynamic', { azureCns }));
      for (const deed of deeds) act(emulator, deed);
      heal(emulator);
      expect(brokenBy(emulator)).toEqual([]);
    }),
    { numRuns: 20 },
  );
});
