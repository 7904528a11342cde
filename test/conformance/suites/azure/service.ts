/** The Services and Azure objects of the recordings, whose tests name only what they look at; the rest is filled in. */
import * as z from 'zod';
import { AKS_DEFAULTS, type CloudConfig } from '../../../../controllers/azure/index.ts';
import type { azure, Service } from '../../../../src/model/index.ts';

const recordedService = z.looseObject({
  metadata: z.looseObject({}).optional(),
  spec: z.looseObject({}).optional(),
  status: z.looseObject({}).optional(),
});

/** What the Go tests call a Service; `undefined` where they pass none. */
export const serviceShape = recordedService.transform((recorded) => serviceOf(recorded));

function serviceOf({ metadata, spec, status }: z.infer<typeof recordedService>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: '', uid: '', resourceVersion: '1', creationTimestamp: '', ...metadata },
    spec: { type: 'LoadBalancer', sessionAffinity: 'None', ...spec },
    status: { loadBalancer: {}, ...status },
  } as Service;
}

export const securityRulesShape = z.array(z.looseObject({ name: z.string() })).transform((rules) => {
  return rules as unknown as readonly azure.SecurityRule[];
});

/** A load balancer as a test gives it: without an id, and with no more parts than it is about. */
export const loadBalancerShape = z
  .looseObject({ name: z.string().default(''), properties: z.looseObject({}).default({}) })
  .transform((recorded) => ({ type: 'Microsoft.Network/loadBalancers', id: '', ...recorded }) as azure.LoadBalancer);

/** The names that the recordings' ids hold. The SKU is standard where none is given, as on AKS. */
export const cloudConfigShape = z
  .strictObject({
    loadBalancerSKU: z.enum(['basic', 'standard']).optional(),
    clusterServiceLoadBalancerHealthProbeMode: z.literal('shared').optional(),
    enableIPTagMutationForExistingPublicIP: z.boolean().optional(),
    primaryAvailabilitySetName: z.string().optional(),
  })
  .transform((recorded): CloudConfig => cloudConfigOf(recorded));

interface RecordedConfig {
  readonly loadBalancerSKU?: CloudConfig['loadBalancerSku'] | undefined;
  readonly clusterServiceLoadBalancerHealthProbeMode?: 'shared' | undefined;
  readonly enableIPTagMutationForExistingPublicIP?: boolean | undefined;
}

export function cloudConfigOf(recorded: RecordedConfig): CloudConfig {
  return {
    ...AKS_DEFAULTS,
    subscription: 'subscription',
    resourceGroup: 'rg',
    location: 'westus',
    zones: [],
    virtualNetwork: 'vnet',
    subnet: 'subnet',
    securityGroup: 'nsg',
    loadBalancerSku: recorded.loadBalancerSKU ?? 'standard',
    healthProbeMode: recorded.clusterServiceLoadBalancerHealthProbeMode ?? 'servicenodeport',
    mutatesIpTags: recorded.enableIPTagMutationForExistingPublicIP ?? false,
  };
}
