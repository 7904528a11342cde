/** What a Service's annotations ask of Azure: https://learn.microsoft.com/azure/aks/load-balancer-standard#customizations-via-kubernetes-annotations */
import { type azure, parseAddress, type Service } from '../../src/model/index.ts';

const PREFIX = 'service.beta.kubernetes.io/';

/** Annotations by the last part of their key. */
export const ANNOTATIONS = {
  internal: `${PREFIX}azure-load-balancer-internal`,
  internalSubnet: `${PREFIX}azure-load-balancer-internal-subnet`,
  ipv4: `${PREFIX}azure-load-balancer-ipv4`,
  ipv6: `${PREFIX}azure-load-balancer-ipv6`,
  publicIpName: `${PREFIX}azure-pip-name`,
  publicIpNameIpv6: `${PREFIX}azure-pip-name-ipv6`,
  publicIpPrefix: `${PREFIX}azure-pip-prefix-id`,
  publicIpPrefixIpv6: `${PREFIX}azure-pip-prefix-id-ipv6`,
  publicIpTags: `${PREFIX}azure-pip-tags`,
  ipTags: `${PREFIX}azure-pip-ip-tags`,
  dnsLabel: `${PREFIX}azure-dns-label-name`,
  resourceGroup: `${PREFIX}azure-load-balancer-resource-group`,
  additionalPublicIps: `${PREFIX}azure-additional-public-ips`,
  allowedServiceTags: `${PREFIX}azure-allowed-service-tags`,
  allowedIpRanges: `${PREFIX}azure-allowed-ip-ranges`,
  sourceRanges: `${PREFIX}load-balancer-source-ranges`,
  denyAllExceptSourceRanges: `${PREFIX}azure-deny-all-except-load-balancer-source-ranges`,
  disableSecurityRule: `${PREFIX}azure-disable-load-balancer-nsg-rule`,
  disableFloatingIp: `${PREFIX}azure-disable-load-balancer-floating-ip`,
  privateLink: `${PREFIX}azure-pls-create`,
  privateLinkName: `${PREFIX}azure-pls-name`,
  privateLinkResourceGroup: `${PREFIX}azure-pls-resource-group`,
  privateLinkSubnet: `${PREFIX}azure-pls-ip-configuration-subnet`,
  privateLinkAddressCount: `${PREFIX}azure-pls-ip-configuration-ip-address-count`,
  privateLinkAddresses: `${PREFIX}azure-pls-ip-configuration-ip-address`,
  privateLinkFqdns: `${PREFIX}azure-pls-fqdns`,
  privateLinkVisibility: `${PREFIX}azure-pls-visibility`,
  privateLinkAutoApproval: `${PREFIX}azure-pls-auto-approval`,
  privateLinkProxyProtocol: `${PREFIX}azure-pls-proxy-protocol`,
  idleTimeout: `${PREFIX}azure-load-balancer-tcp-idle-timeout`,
  disableTcpReset: `${PREFIX}azure-load-balancer-disable-tcp-reset`,
  loadBalancerConfigurations: `${PREFIX}azure-load-balancer-configurations`,
  haPorts: `${PREFIX}azure-load-balancer-enable-high-availability-ports`,
  probeProtocol: `${PREFIX}azure-load-balancer-health-probe-protocol`,
  probeRequestPath: `${PREFIX}azure-load-balancer-health-probe-request-path`,
  probeInterval: `${PREFIX}azure-load-balancer-health-probe-interval`,
  probeCount: `${PREFIX}azure-load-balancer-health-probe-num-of-probe`,
} as const;

export function annotationOf(service: Service, key: string): string | undefined {
  return service.metadata.annotations?.[key];
}

/** `"true"`, in any case. */
export function isTrue(service: Service, key: string): boolean {
  return annotationOf(service, key)?.toLowerCase() === 'true';
}

/** For security rules and probes: `"True"` counts too. */
export function isInternal(service: Service): boolean {
  return isTrue(service, ANNOTATIONS.internal);
}

/** For the choice of the load balancer: only `"true"` counts. */
export function requiresInternal(service: Service): boolean {
  return annotationOf(service, ANNOTATIONS.internal) === 'true';
}

/** Whether the load balancer delivers to node ports: then the destination of its packets is the node's address. */
export function disablesFloatingIp(service: Service): boolean {
  return isTrue(service, ANNOTATIONS.disableFloatingIp);
}

/** The subnet of an internal load balancer, where the Service names one. */
export function internalSubnet(service: Service): string | undefined {
  const name = requiresInternal(service) ? annotationOf(service, ANNOTATIONS.internalSubnet) : undefined;
  return name?.trim() === '' ? undefined : name;
}

export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** IPv4 where the Service does not say. */
export function familiesOf({ spec }: Service): Families {
  const families = spec.ipFamilies ?? [];
  return { ipv4: families.length === 0 || families.includes('IPv4'), ipv6: families.includes('IPv6') };
}

export function isDualStack({ spec }: Service): boolean {
  return spec.ipFamilies?.length === 2;
}

/** The families that a Service has, IPv4 first. */
export function versionsOf(service: Service): readonly azure.IpVersion[] {
  const { ipv4, ipv6 } = familiesOf(service);
  return [...(ipv4 ? (['IPv4'] as const) : []), ...(ipv6 ? (['IPv6'] as const) : [])];
}

/** The address that the Service asks for; empty where it asks for none of that family. */
export function requestedIp(service: Service, version: azure.IpVersion): string {
  const annotated = annotationOf(service, version === 'IPv6' ? ANNOTATIONS.ipv6 : ANNOTATIONS.ipv4);
  if (annotated !== undefined && annotated !== '') return annotated;
  const { loadBalancerIP = '' } = service.spec;
  return (typeof parseAddress(loadBalancerIP) === 'number') === (version === 'IPv4') ? loadBalancerIP : '';
}

/** All addresses that the Service asks for. */
export function requestedIps(service: Service): readonly string[] {
  const annotated = [ANNOTATIONS.ipv4, ANNOTATIONS.ipv6].map((key) => annotationOf(service, key) ?? '');
  const ips = annotated.filter((ip) => ip !== '');
  if (ips.length > 0) return ips;
  const { loadBalancerIP = '' } = service.spec;
  return loadBalancerIP === '' ? [] : [loadBalancerIP];
}

/** The public IP that the Service names; empty where it names none for that family. */
export function publicIpNameOf(service: Service, version: azure.IpVersion): string {
  return ofVersion(service, version, ANNOTATIONS.publicIpName, ANNOTATIONS.publicIpNameIpv6);
}

/** The id of the public IP prefix that the Service wants its address from; empty where it names none. */
export function publicIpPrefixOf(service: Service, version: azure.IpVersion): string {
  return ofVersion(service, version, ANNOTATIONS.publicIpPrefix, ANNOTATIONS.publicIpPrefixIpv6);
}

/** A Service of IPv6 alone may use either annotation. */
function ofVersion(service: Service, version: azure.IpVersion, ipv4Key: string, ipv6Key: string): string {
  const { ipv4, ipv6 } = familiesOf(service);
  const ownKey = version === 'IPv6' ? ipv6Key : ipv4Key;
  if (isDualStack(service)) return annotationOf(service, ownKey) ?? '';
  if (version === 'IPv6' && !ipv6) return '';
  const own = version === 'IPv6' && !ipv4 ? (annotationOf(service, ipv6Key) ?? '') : '';
  return own === '' ? (annotationOf(service, ipv4Key) ?? '') : own;
}

/** The resource group of the Service's public IPs, where it names another than the cluster's. */
export function publicIpResourceGroup(service: Service, clusters: string): string {
  const named = annotationOf(service, ANNOTATIONS.resourceGroup)?.trim() ?? '';
  return named === '' ? clusters : named;
}

/** The items of a comma list, without the spaces around them. */
export function commaList(text: string): readonly string[] {
  return text
    .trim()
    .split(',')
    .map((item) => item.trim());
}
