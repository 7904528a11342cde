/** lb_names, service_annotations: names of what is made for a Service, and what its annotations ask for. */
import * as z from 'zod';
import {
  backendPoolName,
  familiesOf,
  frontendName,
  haPortsRuleName,
  hasIpv6Suffix,
  publicIpName,
  publicIpNameOf,
  publicIpPrefixOf,
  requestedIp,
  ruleName,
} from '../../../../controllers/azure/index.ts';
import type { azure } from '../../../../src/model/index.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { cloudConfigShape, serviceShape } from './service.ts';

const namesShape = z.strictObject({
  function: z.enum([
    'loadBalancingRuleName',
    'haPortsRuleName',
    'frontendIPConfigName',
    'backendPoolName',
    'isBackendPoolIPv6',
    'publicIPName',
  ]),
  cloudConfig: cloudConfigShape.optional(),
  clusterName: z.string().optional(),
  service: serviceShape.prefault({}),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
  port: z.int().optional(),
  isIPv6: z.boolean().optional(),
  name: z.string().optional(),
});
type Names = z.infer<typeof namesShape>;

function versionOf({ isIPv6 = false }: { readonly isIPv6?: boolean | undefined }): azure.IpVersion {
  return isIPv6 ? 'IPv6' : 'IPv4';
}

function named(given: Names): object {
  const { service, clusterName = '', protocol = 'TCP', port = 0, name = '' } = given;
  const version = versionOf(given);
  switch (given.function) {
    case 'loadBalancingRuleName':
      return { name: ruleName(service, protocol, port, version) };
    case 'haPortsRuleName':
      return { name: haPortsRuleName(service, version) };
    case 'frontendIPConfigName':
      return { name: frontendName(service, version) };
    case 'backendPoolName':
      return { name: backendPoolName(clusterName, version) };
    case 'isBackendPoolIPv6':
      return { ipv6: hasIpv6Suffix(name) };
    case 'publicIPName':
      return { name: publicIpName(clusterName, service, version) };
    default:
      return given.function satisfies never;
  }
}

export function replayNames({ given, expect }: RecordedCase): Outcome {
  return compared(expect, named(namesShape.parse(given)));
}

const annotationsShape = z.strictObject({
  operation: z.enum(['getIPFamiliesEnabled', 'getServiceLoadBalancerIP', 'getServicePIPName', 'getServicePIPPrefixID']),
  service: serviceShape.prefault({}),
  isIPv6: z.boolean().optional(),
});

function annotated(given: z.infer<typeof annotationsShape>): object {
  const { service } = given;
  const version = versionOf(given);
  switch (given.operation) {
    case 'getIPFamiliesEnabled':
      return familiesOf(service);
    case 'getServiceLoadBalancerIP':
      return { ip: requestedIp(service, version) };
    case 'getServicePIPName':
      return { name: publicIpNameOf(service, version) };
    case 'getServicePIPPrefixID':
      return { id: publicIpPrefixOf(service, version) };
    default:
      return given.operation satisfies never;
  }
}

export function replayAnnotations({ given, expect }: RecordedCase): Outcome {
  return compared(expect, annotated(annotationsShape.parse(given)));
}
