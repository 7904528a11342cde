/**
 * The shape of what `az` steps write: ARM's bodies, as far as anything here reads them. Other fields pass.
 * Source: https://learn.microsoft.com/rest/api/virtualnetwork, /rest/api/load-balancer
 */
import * as z from 'zod';
import { parseCloudPath } from './cloud-path.ts';
import { ipAddress } from './names-schema.ts';
import { prefix } from './surroundings-schema.ts';

const text = z.string();
const texts = z.array(text);
const port = z.int().min(0).max(65535);
const minutes = z.int().min(1);
const reference = z.looseObject({ id: text });
const references = z.array(reference);
const transport = z.enum(['Tcp', 'Udp', 'All']);

const securityRule = z.looseObject({
  priority: z.int(),
  direction: z.enum(['Inbound', 'Outbound']),
  access: z.enum(['Allow', 'Deny']),
  protocol: z.enum(['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*']),
  sourceAddressPrefix: text.optional(),
  sourceAddressPrefixes: texts.optional(),
  sourcePortRange: text.optional(),
  sourcePortRanges: texts.optional(),
  destinationAddressPrefix: text.optional(),
  destinationAddressPrefixes: texts.optional(),
  destinationPortRange: text.optional(),
  destinationPortRanges: texts.optional(),
});

const route = z.looseObject({
  addressPrefix: prefix,
  nextHopType: z.enum(['VirtualAppliance', 'VirtualNetworkGateway', 'VnetLocal', 'Internet', 'None']),
  nextHopIpAddress: ipAddress.optional(),
});

const ipConfiguration = z.looseObject({
  publicIPAddress: reference.optional(),
  subnet: z.looseObject({ id: text.optional(), name: text.optional() }).optional(),
  privateIPAddress: ipAddress.optional(),
  privateIPAddressVersion: z.enum(['IPv4', 'IPv6']).optional(),
  privateIPAllocationMethod: z.enum(['Static', 'Dynamic']).optional(),
  loadBalancerBackendAddressPools: references.optional(),
});

const backendAddress = z.looseObject({
  name: text.optional(),
  properties: z.looseObject({ ipAddress: ipAddress.optional(), virtualNetwork: reference.optional() }),
});

const balancingRule = z.looseObject({
  protocol: transport.optional(),
  frontendIPConfiguration: reference.optional(),
  backendAddressPool: reference.optional(),
  probe: reference.optional(),
  frontendPort: port.optional(),
  backendPort: port.optional(),
  idleTimeoutInMinutes: minutes.optional(),
});

/** The properties of each collection's parts. */
const PARTS = {
  securityRules: securityRule,
  routes: route,
  frontendIPConfigurations: ipConfiguration,
  ipConfigurations: ipConfiguration,
  backendAddressPools: z.looseObject({
    loadBalancerBackendAddresses: z.array(backendAddress).optional(),
    virtualNetwork: reference.optional(),
  }),
  loadBalancingRules: balancingRule,
  inboundNatRules: balancingRule,
  probes: z.looseObject({
    protocol: z.enum(['Tcp', 'Http', 'Https']).optional(),
    port: port.optional(),
    requestPath: text.optional(),
    intervalInSeconds: z.int().min(1).optional(),
    probeThreshold: z.int().min(1).optional(),
  }),
  outboundRules: z.looseObject({
    frontendIPConfigurations: references.optional(),
    backendAddressPool: reference.optional(),
    allocatedOutboundPorts: z.int().min(0).optional(),
    idleTimeoutInMinutes: minutes.optional(),
  }),
  virtualNetworkPeerings: z.looseObject({ remoteVirtualNetwork: reference }),
} as const;

const collections = Object.fromEntries(
  Object.entries(PARTS).map(([name, properties]) => [
    name,
    z.array(z.looseObject({ name: text.min(1), properties })).optional(),
  ]),
);
const addressSpace = z.looseObject({ addressPrefixes: z.array(prefix) });

const resource = z.looseObject({
  properties: z
    .looseObject({
      ...collections,
      addressSpace: addressSpace.optional(),
      subnets: z.array(z.looseObject({ name: text.optional(), properties: z.looseObject({}).optional() })).optional(),
      ipAddress: ipAddress.optional(),
      idleTimeoutInMinutes: minutes.optional(),
      publicIpAddresses: references.optional(),
      dnsSettings: z.looseObject({ domainNameLabel: text.optional() }).optional(),
    })
    .optional(),
});

/** What a body at this path must look like. */
function bodySchema(path: string): z.ZodType {
  const read = parseCloudPath(path);
  if (typeof read === 'string' || read.part === undefined) return resource;
  const { collection } = read.part;
  const properties = collection in PARTS ? PARTS[collection as keyof typeof PARTS] : z.looseObject({}).optional();
  return z.looseObject({ properties });
}

/** Bodies by their paths; null deletes. */
export const cloudChanges = z
  .record(
    text.check((context) => {
      const complaint = parseCloudPath(context.value);
      if (typeof complaint === 'string')
        context.issues.push({ code: 'custom', input: context.value, message: complaint });
    }),
    z.union([z.null(), z.record(text, z.unknown())]),
  )
  .check(({ value, issues }) => {
    for (const [path, body] of Object.entries(value)) {
      if (body === null) continue;
      const found = bodySchema(path).safeParse(body).error?.issues ?? [];
      for (const issue of found)
        issues.push({ ...issue, input: body, path: [path, ...issue.path] } as (typeof issues)[number]);
    }
  });
