/** private_link_service: what a Service's annotations ask of a private link service, and what it is called. */
import * as z from 'zod';
import {
  autoApprovalOf,
  fqdnsOf,
  ipConfigurationCount,
  privateLinkName,
  privateLinkResourceGroup,
  privateLinkSubnet,
  requiresPrivateLink,
  staticAddresses,
  visibilityOf,
} from '../../../../controllers/azure/index.ts';
import { orError } from './ip-range-parsing.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { recordedCloudConfig, serviceShape } from './service.ts';

const service = serviceShape.prefault({});
const named = z.looseObject({ name: z.string().optional() }).default({});
const givenShape = z.union([
  z.strictObject({
    operation: z.enum([
      'requiresPLS',
      'subnetName',
      'resourceGroup',
      'ipConfigCount',
      'fqdns',
      'visibility',
      'autoApproval',
      'staticIPs',
    ]),
    service,
  }),
  z.strictObject({
    operation: z.literal('name'),
    service,
    existingPLS: named,
    frontend: named,
    fipConfig: named,
  }),
]);

function observed(given: z.infer<typeof givenShape>): object {
  const asked = given.service;
  switch (given.operation) {
    case 'requiresPLS':
      return { requiresPLS: requiresPrivateLink(asked) };
    case 'subnetName':
      return { value: privateLinkSubnet(asked) };
    case 'resourceGroup':
      return { value: privateLinkResourceGroup(asked, recordedCloudConfig({}).resourceGroup) };
    case 'ipConfigCount':
      return { value: 0, ...orError(() => ({ value: ipConfigurationCount(asked) })) };
    case 'fqdns':
      return { value: fqdnsOf(asked) };
    case 'visibility': {
      const values = visibilityOf(asked);
      return { values, visibleToAll: values.includes('*') };
    }
    case 'autoApproval':
      return { value: autoApprovalOf(asked) };
    case 'staticIPs':
      return { first: '', ...orError(() => addresses(staticAddresses(asked))) };
    case 'name': {
      const frontend = given.frontend.name ?? given.fipConfig.name ?? '';
      return { name: '', ...orError(() => ({ name: privateLinkName(given.existingPLS.name, asked, frontend) })) };
    }
    default:
      return given satisfies never;
  }
}

function addresses(asked: readonly string[]): object {
  return { values: [...asked].sort(), first: asked[0] ?? '' };
}

export function replayPrivateLink({ given, expect }: RecordedCase): Outcome {
  return compared(expect, observed(givenShape.parse(given)));
}
