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
  .transform(({ properties, ...rest }) => {
    const parts = Object.entries(properties).map(([name, members]) => [
      name,
      (members as object[]).map(withProperties),
    ]);
    const type = 'Microsoft.Network/loadBalancers';
    return { type, id: '', ...rest, properties: Object.fromEntries(parts) } as unknown as azure.LoadBalancer;
  });

function withProperties(part: object): object {
  return { properties: {}, ...part };
}

/** What the original tests run with (GetTestCloud in pkg/provider/azure_fakes.go). The SKU is standard where none is given, as on AKS. */
export const cloudConfigShape = z
  .strictObject({
    loadBalancerSKU: z.enum(['basic', 'standard']).optional(),
    clusterServiceLoadBalancerHealthProbeMode: z.literal('shared').optional(),
    enableIPTagMutationForExistingPublicIP: z.boolean().optional(),
    disableOutboundSNAT: z.boolean().optional(),
    primaryAvailabilitySetName: z.string().optional(),
  })
  .transform((recorded): CloudConfig => recordedCloudConfig(recorded));

interface RecordedConfig {
  readonly loadBalancerSKU?: CloudConfig['loadBalancerSku'] | undefined;
  readonly clusterServiceLoadBalancerHealthProbeMode?: 'shared' | undefined;
  readonly enableIPTagMutationForExistingPublicIP?: boolean | undefined;
  readonly disableOutboundSNAT?: boolean | undefined;
}

export function recordedCloudConfig(recorded: RecordedConfig): CloudConfig {
  return {
    ...AKS_DEFAULTS,
    subscription: 'subscription',
    resourceGroup: 'rg',
    location: 'westus',
    zones: ['1', '2', '3'],
    virtualNetwork: 'vnet',
    subnet: 'subnet',
    securityGroup: 'nsg',
    loadBalancerSku: recorded.loadBalancerSKU ?? 'standard',
    healthProbeMode: recorded.clusterServiceLoadBalancerHealthProbeMode ?? 'servicenodeport',
    disableOutboundSnat: recorded.disableOutboundSNAT ?? false,
    mutatesIpTags: recorded.enableIPTagMutationForExistingPublicIP ?? false,
  };
}

/** A public IP as a test gives it: perhaps without properties. */
export const publicIpShape = z
  .looseObject({ id: z.string().default(''), name: z.string().default(''), properties: z.looseObject({}).default({}) })
  .transform((recorded) => ({ type: 'Microsoft.Network/publicIPAddresses', ...recorded }) as azure.PublicIpAddress);

/** A resource as the recordings write it: they leave out the type, and properties that are none. */
export function asRecorded({ type: _, properties, ...rest }: azure.AzureResource): object {
  return Object.keys(properties).length === 0 ? rest : { ...rest, properties };
}
