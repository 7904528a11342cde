/**
 * What a network container of a NodeNetworkConfig means to CNS on Linux: which addresses the node's pods may have.
 * Source: Azure/azure-container-networking cns/kubecontroller/nodenetworkconfig/conversion.go and conversion_linux.go; texts of
 * errors are those of Go's net/netip.
 */
import {
  type Address,
  addressPlus,
  type Cidr,
  formatAddress,
  type NetworkContainer,
  parseAddress,
  parseCidr,
} from '../../../src/model/index.ts';
import { prefixComplaint } from './prefix-complaint.ts';

export interface NodeSubnet {
  readonly ipAddress: string;
  readonly prefixLength: number;
}

/** What CNS creates of it. */
export interface NetworkContainerRequest {
  readonly hostPrimaryIP: string;
  readonly subnet: NodeSubnet;
  readonly subnetV6?: NodeSubnet;
  readonly gateway: string;
  readonly version: string;
  /** blocks of a node: `first` and how many follow each other */
  readonly podBlocks: readonly { readonly first: Address; readonly size: number }[];
}

export type Converted =
  | { readonly ok: true; readonly request: NetworkContainerRequest }
  | { readonly ok: false; readonly error: string };

export interface StaticOptions {
  /** a primary block is for the node's own interfaces then, not for pods */
  readonly swiftV2: boolean;
  /** IPv6 blocks are cut to this length where they are larger; 0: never */
  readonly ipv6PrefixClamp: number;
}

class Refusal extends Error {}

/** Pod Subnet with dynamic allocation: the addresses that are listed. */
export function convertDynamic(container: NetworkContainer): Converted {
  return attempt(() => {
    const { primaryIP = '', subnetAddressSpace = '', ipAssignments = [] } = container;
    const primary = primaryIP.includes('/') ? primaryIP : `${primaryIP}/32`;
    prefix(primary, `IP: ${primary}`);
    const ipAddress = hostOf(primary);
    const { prefixLength } = prefix(subnetAddressSpace, `invalid SubnetAddressSpace ${subnetAddressSpace}`);
    const podBlocks = ipAssignments.map(({ ip }) => ({ first: secondary(ip), size: 1 }));
    return requestOf(container, { ipAddress, prefixLength }, podBlocks, container.version ?? 0);
  });
}

/** Overlay and static blocks: every address of the node's blocks, the first and the last of each included. */
export function convertStatic(container: NetworkContainer, { swiftV2, ipv6PrefixClamp }: StaticOptions): Converted {
  return attempt(() => {
    const { type, primaryIP = '', subnetAddressSpace = '', nodeIP = '', ipAssignments = [] } = container;
    const isBlock = type === 'vnetblock';
    const primary = prefix(primaryIP, `IP: ${primaryIP}`);
    const { prefixLength } = prefix(subnetAddressSpace, `invalid SubnetAddressSpace ${subnetAddressSpace}`);
    const ipAddress = isBlock ? nodeIP : hostOf(primaryIP);
    const subnetV6 = ipv6SubnetOf(container);
    const assigned = isBlock ? ipAssignments.map(({ ip }) => assignedBlock(ip, ipv6PrefixClamp)) : [];
    const blocks = swiftV2 && isBlock ? assigned : [primary, ...assigned];
    // The agent that programs overlay containers always tells of version 0.
    const version = type === 'overlay' ? 0 : (container.version ?? 0);
    return requestOf(container, { ipAddress, prefixLength }, blocks.map(blockOf), version, subnetV6);
  });
}

function attempt(convert: () => NetworkContainerRequest): Converted {
  try {
    return { ok: true, request: convert() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.message };
    throw error;
  }
}

function requestOf(
  container: NetworkContainer,
  subnet: NodeSubnet,
  podBlocks: NetworkContainerRequest['podBlocks'],
  version: number,
  subnetV6 = ipv6SubnetOf(container),
): NetworkContainerRequest {
  const { nodeIP = '', defaultGateway = '' } = container;
  return {
    hostPrimaryIP: nodeIP,
    subnet,
    ...(subnetV6 === undefined ? {} : { subnetV6 }),
    gateway: defaultGateway,
    version: String(version),
    podBlocks,
  };
}

function ipv6SubnetOf({ subnetAddressSpaceV6 = '', primaryIPV6 = '' }: NetworkContainer): NodeSubnet | undefined {
  if (subnetAddressSpaceV6 === '') return undefined;
  const { family, prefixLength } = prefix(subnetAddressSpaceV6, `invalid SubnetAddressSpaceV6 ${subnetAddressSpaceV6}`);
  if (family === 4) throw new Refusal(`SubnetAddressSpaceV6 ${subnetAddressSpaceV6} is not an IPv6 prefix`);
  return { ipAddress: primaryIPV6, prefixLength };
}

function secondary(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Refusal(`IP: ${text}: invalid secondary IP`);
  return address;
}

function assignedBlock(text: string, clamp: number): Cidr {
  const cidr = prefix(text, `error while creating NC request from static NC: invalid CIDR block: ${text}`);
  return cidr.family === 6 && clamp > 0 && cidr.prefixLength < clamp ? { ...cidr, prefixLength: clamp } : cidr;
}

function blockOf(cidr: Cidr): NetworkContainerRequest['podBlocks'][number] {
  return { first: cidr.network, size: 2 ** ((cidr.family === 4 ? 32 : 128) - cidr.prefixLength) };
}

/** The address before the slash, as Go prints it. */
function hostOf(text: string): string {
  return formatAddress(parseAddress(text.slice(0, text.indexOf('/')))!);
}

function prefix(text: string, context: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr !== undefined) return cidr;
  throw new Refusal(`${context}: netip.ParsePrefix(${JSON.stringify(text)}): ${prefixComplaint(text)}`);
}

/** Every address of the blocks, in order. */
export function* podAddresses({ podBlocks }: NetworkContainerRequest): Iterable<Address> {
  for (const { first, size } of podBlocks) {
    for (let i = 0; i < size; i++) yield addressPlus(first, i);
  }
}
