/** What lies around a script's cluster on Azure (`spec.azure`), with ARM's names. */
import * as z from 'zod';
import { type AzureSurroundings, NOTHING_AROUND, parseAddress, parseCidr } from '../model/index.ts';

const name = z.string().min(1);
const address = checked(parseAddress, 'is no IP address');
export const prefix = checked(parseCidr, 'is no address range, such as 10.30.0.0/16');

/** A text that `read` understands. */
function checked(read: (text: string) => unknown, complaint: string) {
  return z.string().check((context) => {
    if (read(context.value) === undefined)
      context.issues.push({
        code: 'custom',
        input: context.value,
        message: `${JSON.stringify(context.value)} ${complaint}`,
      });
  });
}

/** of a NAT gateway, and of AKS's outbound rule: what both may have in common */
export const idleTimeoutInMinutes = z.int().min(4).max(120);

const subnets = z.array(z.strictObject({ name, addressPrefix: prefix }));

const securityRule = z.strictObject({
  name,
  priority: z.int().min(100).max(4096),
  direction: z.enum(['Inbound', 'Outbound']),
  access: z.enum(['Allow', 'Deny']),
  protocol: z.enum(['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*']).default('*'),
  sourceAddressPrefix: z.string().optional(),
  sourceAddressPrefixes: z.array(z.string()).optional(),
  sourcePortRange: z.string().default('*'),
  destinationAddressPrefix: z.string().optional(),
  destinationAddressPrefixes: z.array(z.string()).optional(),
  destinationPortRange: z.string().optional(),
  destinationPortRanges: z.array(z.string()).optional(),
});

const route = z.strictObject({
  name,
  addressPrefix: prefix,
  nextHopType: z.enum(['VirtualAppliance', 'VirtualNetworkGateway', 'VnetLocal', 'Internet', 'None']),
  nextHopIpAddress: address.optional(),
});

export const surroundingsSchema = z.strictObject({
  virtualNetworks: z.array(z.strictObject({ name, addressPrefixes: z.array(prefix).min(1), subnets })).optional(),
  virtualNetworkPeerings: z
    .array(
      z.strictObject({
        from: name,
        to: name,
        allowVirtualNetworkAccess: z.boolean().optional(),
        allowForwardedTraffic: z.boolean().optional(),
        allowGatewayTransit: z.boolean().optional(),
        useRemoteGateways: z.boolean().optional(),
      }),
    )
    .optional(),
  sites: z
    .array(
      z.strictObject({
        name,
        addressPrefixes: z.array(prefix).min(1),
        virtualNetwork: name,
        gatewayType: z.enum(['Vpn', 'ExpressRoute']).default('Vpn'),
      }),
    )
    .optional(),
  virtualMachines: z
    .array(
      z.strictObject({
        name,
        subnet: name,
        privateIPAddress: address,
        publicIPAddress: address.optional(),
        appliance: z.boolean().optional(),
      }),
    )
    .optional(),
  networkSecurityGroups: z
    .array(z.strictObject({ name, subnets: z.array(name), securityRules: z.array(securityRule) }))
    .optional(),
  routeTables: z.array(z.strictObject({ name, subnets: z.array(name), routes: z.array(route) })).optional(),
  natGateways: z
    .array(
      z.strictObject({
        name,
        subnets: z.array(name),
        publicIpAddresses: z.array(address).min(1),
        idleTimeoutInMinutes: idleTimeoutInMinutes.optional(),
      }),
    )
    .optional(),
  serviceTags: z.record(z.string(), z.array(prefix)).optional(),
});

export type SurroundingsDocument = z.infer<typeof surroundingsSchema>;

/** The surroundings with what was left out empty. */
export function surroundingsOf(document: SurroundingsDocument): AzureSurroundings {
  return { ...NOTHING_AROUND, ...document } as AzureSurroundings;
}
