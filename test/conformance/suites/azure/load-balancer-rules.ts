/** lb_rules_and_probes, lb_rule_equality, lb_port_conflicts, shared_health_probe: what a load balancer holds for a Service. */
import * as z from 'zod';
import {
  decideSharedProbe,
  expectedRules,
  hasProbe,
  hasRule,
  needsOfFrontend,
  requireFreePorts,
} from '../../../../controllers/azure/index.ts';
import type { azure } from '../../../../src/model/index.ts';
import { orError } from './ip-range-parsing.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { cloudConfigShape, loadBalancerShape, recordedCloudConfig, serviceShape } from './service.ts';

const rulesShape = z.strictObject({
  cloudConfig: cloudConfigShape,
  service: serviceShape,
  frontendIPConfigID: z.string(),
  backendPoolID: z.string(),
  lbName: z.string(),
  isIPv6: z.boolean(),
});

export function replayRulesAndProbes({ given, expect }: RecordedCase): Outcome {
  const parsed = rulesShape.parse(given);
  return compared(
    expect,
    orError(() =>
      expectedRules({
        service: parsed.service,
        version: parsed.isIPv6 ? 'IPv6' : 'IPv4',
        loadBalancerName: parsed.lbName,
        frontendId: parsed.frontendIPConfigID,
        backendPoolId: parsed.backendPoolID,
        config: parsed.cloudConfig,
      }),
    ),
  );
}

/** A test may leave out what it does not look at. */
const part = <P>() => {
  return z
    .looseObject({ name: z.string().default(''), properties: z.looseObject({}).default({}) })
    .transform((recorded) => recorded as unknown as P);
};
const rule = part<azure.LoadBalancingRule>();
const probe = part<azure.Probe>();
const equalityShape = z.strictObject({
  existingRules: z.array(rule).optional(),
  rule: rule.optional(),
  existingProbes: z.array(probe).optional(),
  probe: probe.optional(),
  wantLB: z.boolean().optional(),
});

export function replayRuleEquality({ given, expect }: RecordedCase): Outcome {
  const {
    existingRules = [],
    rule: wanted,
    existingProbes = [],
    probe: wantedProbe,
    wantLB,
  } = equalityShape.parse(given);
  if (wantedProbe !== undefined) return compared(expect, { found: hasProbe(existingProbes, wantedProbe) });
  const found = wanted !== undefined && hasRule(existingRules, wanted, wantLB ?? true);
  return compared(expect, { found });
}

const conflictsShape = z.strictObject({
  loadBalancer: loadBalancerShape.optional(),
  frontendIPConfigID: z.string().optional(),
  service: serviceShape,
  operation: z.literal('deleteFrontend').optional(),
});

export function replayPortConflicts({ given, expect }: RecordedCase): Outcome {
  const { loadBalancer, frontendIPConfigID, service, operation } = conflictsShape.parse(given);
  const balancer = loadBalancer ?? loadBalancerShape.parse({});
  if (operation === undefined) return compared(expect, conflict(balancer, frontendIPConfigID ?? '', service));
  return compared(
    expect,
    orError(() => ({ unsafeToDelete: needsOfFrontend(balancer, service, frontendIPConfigID).length > 0 })),
  );
}

function conflict(...asked: Parameters<typeof requireFreePorts>): object {
  const found = orError(() => {
    requireFreePorts(...asked);
    return {};
  });
  return { conflict: 'error' in found, ...found };
}

const sharedProbeShape = z.strictObject({
  loadBalancer: loadBalancerShape,
  service: serviceShape.prefault({}),
  wantLB: z.boolean(),
});

export function replaySharedProbe({ given, expect }: RecordedCase): Outcome {
  const { loadBalancer, service, wantLB } = sharedProbeShape.parse(given);
  const { probes = [] } = loadBalancer.properties;
  const parts = probes.map((recorded) => probe.parse(recorded));
  const namesOf = (some: readonly azure.Probe[]) => some.map(({ name }) => name);
  const found = orError(() => {
    const decided = decideSharedProbe(service, parts, wantLB, recordedCloudConfig({}));
    return { probesToKeep: namesOf(decided.keep), lbProbesAfter: namesOf(decided.probes) };
  });
  return compared(expect, { probesToKeep: [], lbProbesAfter: namesOf(probes), ...found });
}
