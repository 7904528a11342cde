/** node_network_config: which addresses a network container gives to the pods of its node. */
import * as z from 'zod';
import { convertDynamic, convertStatic, podAddresses } from '../../../../controllers/ipam/index.ts';
import { bigIntOfAddress, familyOf, formatAddress, type NetworkContainer } from '../../../../src/model/index.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';

const text = z.string().optional();
const containerShape = z.strictObject({
  id: text,
  assignmentMode: z.enum(['dynamic', 'static']).optional(),
  type: z.enum(['vnet', 'vnetblock', 'overlay']).optional(),
  primaryIP: text,
  primaryIPV6: text,
  subnetName: text,
  subnetAddressSpace: text,
  subnetAddressSpaceV6: text,
  defaultGateway: text,
  nodeIP: text,
  version: z.int().optional(),
  status: text,
  ipAssignments: z.array(z.strictObject({ name: z.string(), ip: z.string() })).optional(),
});
const givenShape = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('dynamic'), networkContainer: containerShape }),
  z.strictObject({
    mode: z.literal('static'),
    networkContainer: containerShape,
    swiftV2: z.boolean(),
    ipv6PrefixClamp: z.int(),
  }),
]);

/** A longer list is recorded by its ends. */
const LISTED_MAX = 64;
const ENDS = 3;

function listed(addresses: readonly string[]): readonly string[] {
  return addresses.length <= LISTED_MAX ? addresses : [...addresses.slice(0, ENDS), '...', ...addresses.slice(-ENDS)];
}

function observed(given: z.infer<typeof givenShape>): object {
  const container = given.networkContainer as NetworkContainer;
  const converted = given.mode === 'dynamic' ? convertDynamic(container) : convertStatic(container, given);
  if (!converted.ok) return { error: converted.error };
  const { podBlocks: _, ...request } = converted.request;
  // A map of addresses holds each once, however often it is listed.
  const addresses = [...new Set(podAddresses(converted.request))].sort((a, b) => {
    const apart = bigIntOfAddress(a) - bigIntOfAddress(b);
    return familyOf(a) - familyOf(b) || (apart < 0n ? -1 : Number(apart > 0n));
  });
  return { ...request, podIPCount: addresses.length, podIPs: listed(addresses.map(formatAddress)) };
}

export function replayNodeNetworkConfig({ given, expect }: RecordedCase): Outcome {
  return compared(expect, observed(givenShape.parse(given)));
}
