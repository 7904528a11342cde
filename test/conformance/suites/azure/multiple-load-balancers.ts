/** multi_slb: which of several load balancers may have a Service, which one has it, and how that is named. */
import * as z from 'zod';
import {
  chosenLoadBalancer,
  eligibleConfigurations,
  type LoadBalancerConfiguration,
  mostEligible,
  SyncError,
  serviceName,
} from '../../../../controllers/azure/index.ts';
import type { azure } from '../../../../src/model/index.ts';
import type { CloudAnswers } from './cloud-answers.ts';
import { orError } from './ip-range-parsing.ts';
import { listOf } from './public-ips.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { loadBalancerShape, publicIpShape, recordedCloudConfig, serviceShape } from './service.ts';

const selector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).nullish(),
      }),
    )
    .optional(),
});
const configurationShape = z.strictObject({
  name: z.string(),
  primaryVMSet: z.string().optional(),
  allowServicePlacement: z.boolean().optional(),
  serviceLabelSelector: selector.optional(),
  serviceNamespaceSelector: selector.optional(),
  nodeSelector: selector.optional(),
  activeServices: z.array(z.string()).default([]),
});
const cloudConfig = z.strictObject({
  loadBalancerSKU: z.enum(['basic', 'standard']),
  loadBalancerName: z.string().optional(),
  primaryAvailabilitySetName: z.string().default(''),
  multipleStandardLoadBalancerConfigurations: z.array(configurationShape).default([]),
});
const service = serviceShape;
const existingLB = z
  .strictObject({ name: z.string(), internal: z.boolean(), ruleCount: z.int() })
  .transform(({ name, internal, ruleCount }) => {
    const loadBalancingRules = Array.from({ length: ruleCount }, (_, i) => ({ name: `rule${i}`, properties: {} }));
    return loadBalancerShape.parse({ name: internal ? `${name}-internal` : name, properties: { loadBalancingRules } });
  });
const namespaceShape = z.strictObject({
  metadata: z.strictObject({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
});
const givenShape = z.discriminatedUnion('operation', [
  z.strictObject({
    operation: z.literal('eligible'),
    cloudConfig,
    service,
    namespace: namespaceShape.optional(),
  }),
  z.strictObject({
    operation: z.literal('mostEligible'),
    currentLBName: z.string(),
    eligibleLBs: z.array(z.string()),
    existingLBs: z.array(existingLB).default([]),
    isInternal: z.boolean(),
  }),
  z.strictObject({
    operation: z.literal('lbName'),
    cloudConfig,
    service,
    namespace: namespaceShape.optional(),
    existingLoadBalancers: z.array(loadBalancerShape),
    existingPublicIPs: z.array(publicIpShape).default([]),
    clusterName: z.string(),
    vmSetName: z.string(),
    isInternal: z.boolean(),
    wantLb: z.boolean(),
  }),
]);
type Given = z.infer<typeof givenShape>;
type Named = Extract<Given, { operation: 'lbName' }>;

export function replayMultipleLoadBalancers({ given, expect, answers }: RecordedCase): Outcome {
  const parsed = givenShape.parse(given);
  switch (parsed.operation) {
    case 'eligible':
      return compared(expect, {
        loadBalancers: [],
        ...orError(() => ({ loadBalancers: eligibleConfigurations(placement(parsed, answers)) })),
      });
    case 'mostEligible':
      return compared(expect, {
        name: mostEligible(parsed.currentLBName, parsed.eligibleLBs, parsed.existingLBs, parsed.isInternal),
      });
    case 'lbName':
      return compared(expect, { name: '', ...orError(() => ({ name: chosen(parsed, answers) })) });
    default:
      return parsed satisfies never;
  }
}

function placement(given: Exclude<Given, { operation: 'mostEligible' }>, answers: CloudAnswers) {
  const { multipleStandardLoadBalancerConfigurations: recorded } = given.cloudConfig;
  const configurations = recorded.map(({ activeServices: _, ...own }) => {
    const allowServicePlacement = answers.allowServicePlacement?.[own.name] ?? own.allowServicePlacement;
    return { ...own, allowServicePlacement } as LoadBalancerConfiguration;
  });
  return {
    service: given.service,
    configurations,
    namespaceLabels: () => {
      const { namespace = '' } = given.service.metadata;
      if (given.namespace?.metadata.name !== namespace) throw new SyncError(`namespaces "${namespace}" not found`);
      return given.namespace.metadata.labels;
    },
    isActive: (name: string) => {
      const active = recorded.find((candidate) => candidate.name === name)?.activeServices ?? [];
      return active.includes(serviceName(given.service));
    },
  };
}

function chosen(given: Named, answers: CloudAnswers): string {
  const { cloudConfig: recorded, clusterName, existingLoadBalancers: existing, existingPublicIPs, wantLb } = given;
  const { configurations: loadBalancers, ...asked } = placement(given, answers);
  const { loadBalancerName, loadBalancerSKU } = recorded;
  return chosenLoadBalancer(
    {
      ...asked,
      wantLoadBalancer: wantLb,
      isInternal: given.isInternal,
      config: {
        ...recordedCloudConfig({ loadBalancerSKU }),
        clusterName,
        loadBalancers,
        ...(loadBalancerName === undefined ? {} : { loadBalancerName }),
      },
      existing,
      list: listOf(existingPublicIPs, answers),
      frontendOf,
    },
    { vmSet: given.vmSetName, primary: recorded.primaryAvailabilitySetName },
  );
}

const fronted = z.object({ ipConfiguration: z.object({ id: z.string() }).optional() });

function frontendOf({ properties }: azure.PublicIpAddress): string | undefined {
  return fronted.parse(properties).ipConfiguration?.id;
}
