/**
 * What AKS refuses when a managed cluster is created (Microsoft.ContainerService/managedClusters, PUT).
 *
 * Sources: https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning (sizes, maxPods, reserved ranges),
 * /azure/aks/concepts-network-azure-cni-overlay (a /24 a node), /azure/aks/concepts-network-cni-overview (ranges), and the
 * texts of errors as users reported them: Azure/AKS-Construction#403 and #701, Azure/AKS#506, #931, #1117 and #3300,
 * kubernetes-sigs/cluster-api-provider-azure#5947. Where no report shows AKS's own words, the code is `InvalidParameter`
 * with its usual sentence, "The value of parameter X is invalid."
 */
import {
  type Cidr,
  type ClusterSettings,
  contains,
  encloses,
  overlaps,
  parseAddress,
  parseCidr,
  sizeOf,
} from '../model/index.ts';
import { validateAgentPools } from './agent-pool.ts';
import { invalidParameter, type ManagedClusterError } from './managed-cluster-error.ts';
import { validatePodRanges } from './pod-ranges.ts';

export type { ManagedClusterError } from './managed-cluster-error.ts';

/** Ranges that AKS keeps for itself: link-local, its own tunnels, and documentation. */
export const RESERVED_RANGES = ['169.254.0.0/16', '172.30.0.0/16', '172.31.0.0/16', '192.0.2.0/24'] as const;
/** A Service range holds at most 2^20 addresses (kube-apiserver `--service-cluster-ip-range`). */
const SERVICE_PREFIX_MIN = 12;

/** Every reason why AKS would refuse these settings, in the order of the fields; empty where it would accept them. */
export function validateManagedCluster(settings: ClusterSettings): readonly ManagedClusterError[] {
  return [
    ...validateRanges(settings),
    ...validatePodRanges(settings),
    ...validateDns(settings),
    ...validateAgentPools(settings),
  ];
}

function validateRanges(settings: ClusterSettings): ManagedClusterError[] {
  const ranges = rangesOf(settings);
  const errors: ManagedClusterError[] = [];
  for (const { field, text, mayBeIpv6 = false } of ranges) {
    const cidr = parseCidr(text);
    if (cidr !== undefined && (cidr.family === 4 || mayBeIpv6)) errors.push(...validateReserved(field, text, cidr));
    else
      errors.push({
        code: 'CidrStringParseError',
        message: 'Cidr is invalid',
        field,
        detail: `${text} is not an IPv4 CIDR`,
      });
  }
  // Comparing ranges that do not parse would only repeat the complaint.
  return errors.length > 0
    ? errors
    : [...validateService(settings), ...validatePods(settings), ...validateSubnets(settings)];
}

interface Range {
  readonly field: string;
  readonly text: string;
  readonly mayBeIpv6?: boolean;
}

function rangesOf({ networkProfile, virtualNetwork }: ClusterSettings): readonly Range[] {
  const { podCidr, serviceCidr } = networkProfile;
  return [
    ...(podCidr === undefined ? [] : [{ field: 'networkProfile.podCidr', text: podCidr }]),
    { field: 'networkProfile.serviceCidr', text: serviceCidr },
    ...virtualNetwork.addressPrefixes.map((text, i) => {
      return { field: `virtualNetwork.addressPrefixes[${i}]`, text, mayBeIpv6: i > 0 };
    }),
    ...virtualNetwork.subnets.map(({ addressPrefix: text }, i) => ({
      field: `virtualNetwork.subnets[${i}].addressPrefix`,
      text,
    })),
  ];
}

function validateReserved(field: string, text: string, cidr: Cidr): ManagedClusterError[] {
  const reserved = RESERVED_RANGES.find((range) => overlaps(parseCidr(range)!, cidr));
  return reserved === undefined
    ? []
    : [invalidParameter(field, `${text} overlaps ${reserved}, which AKS keeps for itself`)];
}

function validateService({ networkProfile, virtualNetwork }: ClusterSettings): ManagedClusterError[] {
  const { serviceCidr, podCidr } = networkProfile;
  const field = 'networkProfile.serviceCidr';
  const cidr = parseCidr(serviceCidr)!;
  const errors: ManagedClusterError[] = [];
  if (cidr.prefixLength < SERVICE_PREFIX_MIN)
    errors.push(invalidParameter(field, `${serviceCidr} is larger than a /${SERVICE_PREFIX_MIN}`));
  for (const { name, addressPrefix } of virtualNetwork.subnets) {
    if (!overlaps(cidr, parseCidr(addressPrefix)!)) continue;
    errors.push({
      code: 'ServiceCidrOverlapExistingSubnetsCidr',
      message: `The specified service CIDR ${serviceCidr} is conflicted with an existing subnet CIDR ${addressPrefix}`,
      field,
      detail: `${serviceCidr} overlaps subnet ${name} ${addressPrefix}`,
    });
  }
  if (podCidr !== undefined && overlaps(cidr, parseCidr(podCidr)!))
    errors.push(invalidParameter(field, `${serviceCidr} overlaps podCidr ${podCidr}`));
  return errors;
}

function validatePods({ networkProfile, virtualNetwork }: ClusterSettings): ManagedClusterError[] {
  const { podCidr } = networkProfile;
  if (podCidr === undefined) return [];
  const cidr = parseCidr(podCidr)!;
  return virtualNetwork.addressPrefixes
    .filter((prefix) => overlaps(cidr, parseCidr(prefix)!))
    .map((prefix) => ({
      code: 'NetworkProfileCIDROverlapVNET',
      message: `NetworkProfile CIDR ${podCidr} overlaps with reserved VNET CIDR ${prefix}`,
      field: 'networkProfile.podCidr',
      detail: `${podCidr} overlaps the virtual network's ${prefix}`,
    }));
}

/** Subnets lie within the virtual network and apart from each other (Microsoft.Network/virtualNetworks). */
function validateSubnets({ virtualNetwork }: ClusterSettings): ManagedClusterError[] {
  const { addressPrefixes, subnets } = virtualNetwork;
  const errors: ManagedClusterError[] = [];
  const prefixes = subnets.flatMap(({ name, addressPrefix, ipv6AddressPrefix }, i) => {
    const field = `virtualNetwork.subnets[${i}].${ipv6AddressPrefix === undefined ? 'addressPrefix' : 'addressPrefixes'}`;
    const all = ipv6AddressPrefix === undefined ? [addressPrefix] : [addressPrefix, ipv6AddressPrefix];
    return all.map((prefix) => ({ name, field, addressPrefix: prefix }));
  });
  prefixes.forEach(({ name, field, addressPrefix }, i) => {
    const cidr = parseCidr(addressPrefix)!;
    const inside = addressPrefixes.map((prefix) => parseCidr(prefix)!).some((prefix) => encloses(prefix, cidr));
    if (!inside)
      errors.push({
        code: 'NetcfgInvalidSubnet',
        message: `Subnet '${name}' is not valid in virtual network 'vnet'.`,
        field,
        detail: `${addressPrefix} is outside the virtual network's ${addressPrefixes.join(', ')}`,
      });
    const other = prefixes.slice(0, i).find((earlier) => overlaps(parseCidr(earlier.addressPrefix)!, cidr));
    if (other !== undefined)
      errors.push({
        code: 'NetcfgSubnetRangesOverlap',
        message: `Subnet '${name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network 'vnet'.`,
        field,
        detail: `${addressPrefix} overlaps subnet ${other.name} ${other.addressPrefix}`,
      });
  });
  return errors;
}

function validateDns({ networkProfile }: ClusterSettings): ManagedClusterError[] {
  const { dnsServiceIP, serviceCidr } = networkProfile;
  const field = 'networkProfile.dnsServiceIP';
  const address = parseAddress(dnsServiceIP);
  if (typeof address !== 'number') return [invalidParameter(field, `${dnsServiceIP} is not an IPv4 address`)];
  const cidr = parseCidr(serviceCidr);
  if (cidr?.family !== 4) return [];
  if (!contains(cidr, address))
    return [
      {
        code: 'DnsServiceIpOutOfServiceCidr',
        message: `The DNS service IP ${dnsServiceIP} is out of the range defined by service CIDR ${serviceCidr}.`,
        field,
        detail: `${dnsServiceIP} is outside serviceCidr ${serviceCidr}`,
      },
    ];
  const offset = address - (cidr.network as number);
  if (offset === 0)
    return [invalidParameter(field, `${dnsServiceIP} is the network address of serviceCidr ${serviceCidr}`)];
  if (offset === 1) return [invalidParameter(field, `${dnsServiceIP} belongs to Service default/kubernetes`)];
  if (offset === sizeOf(cidr) - 1)
    return [invalidParameter(field, `${dnsServiceIP} is the broadcast address of serviceCidr ${serviceCidr}`)];
  return [];
}
