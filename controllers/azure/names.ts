/**
 * The names of what is made for a Service.
 * Source: cloud-provider-azure pkg/provider (azure_standard.go, azure_loadbalancer.go), k8s.io/cloud-provider DefaultLoadBalancerName.
 */
import { azure, type Protocol, type Service } from '../../src/model/index.ts';
import { internalSubnet, isDualStack, publicIpPrefixOf, requiresInternal } from './annotations.ts';

const PREFIX_LENGTH_MAX = 32;
const NAME_LENGTH_MAX = 80;
const FAMILY_SUFFIX = '-IPv6';
const ROOM = NAME_LENGTH_MAX - FAMILY_SUFFIX.length;
export const INTERNAL_SUFFIX = '-internal';
export const SHARED_PROBE = 'cluster-service-shared-health-probe';

interface Prefix {
  readonly text: string;
  readonly upperCase: string;
}

/** Services are frozen values; each part of a load balancer is compared with the prefix of the one that is looked at. */
const prefixes = new WeakMap<Service, Prefix>();

function prefixIn(service: Service): Prefix {
  let prefix = prefixes.get(service);
  if (prefix === undefined) {
    const text = `a${service.metadata.uid}`.replaceAll('-', '').slice(0, PREFIX_LENGTH_MAX);
    prefixes.set(service, (prefix = { text, upperCase: text.toUpperCase() }));
  }
  return prefix;
}

/** What the names of a Service's frontends, rules and probes begin with. The last digit of the uid does not fit in. */
export function prefixOf(service: Service): string {
  return prefixIn(service).text;
}

/** `namespace/name`, as tags of public IPs list it. */
export function serviceName({ metadata }: Service): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

export function loadBalancerName(clusterName: string, service: Service): string {
  return requiresInternal(service) ? `${clusterName}${INTERNAL_SUFFIX}` : clusterName;
}

export function isInternalLoadBalancer({ name }: { readonly name: string }): boolean {
  return name.toLowerCase().endsWith(INTERNAL_SUFFIX);
}

function ofFamily(name: string, service: Service, version: azure.IpVersion): string {
  return isDualStack(service) && version === 'IPv6' ? `${name}${FAMILY_SUFFIX}` : name;
}

export function frontendName(service: Service, version: azure.IpVersion): string {
  return ofFamily(frontendBaseName(service), service, version);
}

function frontendBaseName(service: Service): string {
  const subnet = internalSubnet(service);
  if (subnet === undefined) return prefixOf(service);
  const name = `${prefixOf(service)}-${subnet}`;
  if (name.length <= ROOM) return name;
  const cut = name.slice(0, ROOM);
  // A name may not end in every character.
  return /[\p{L}_]$/u.test(cut) ? cut : `${cut.slice(0, -1)}_`;
}

export function ruleName(service: Service, protocol: Protocol, port: number, version: azure.IpVersion): string {
  const end = `-${protocol}-${port}`;
  const prefix = prefixOf(service);
  const subnet = internalSubnet(service)?.slice(0, ROOM - prefix.length - end.length - 1);
  return ofFamily(subnet === undefined ? prefix + end : `${prefix}-${subnet}${end}`, service, version);
}

/** One rule for all ports is named after the first. */
export function haPortsRuleName(service: Service, version: azure.IpVersion): string {
  const first = service.spec.ports?.[0];
  return ruleName(service, first?.protocol ?? 'TCP', first?.port ?? 0, version);
}

export function backendPoolName(clusterName: string, version: azure.IpVersion): string {
  return version === 'IPv6' ? `${clusterName}${FAMILY_SUFFIX}` : clusterName;
}

export function hasIpv6Suffix(name: string): boolean {
  return name.toLowerCase().endsWith(FAMILY_SUFFIX.toLowerCase());
}

export function publicIpName(clusterName: string, service: Service, version: azure.IpVersion): string {
  const prefix = azure.nameInId(publicIpPrefixOf(service, version));
  const name = `${clusterName}-${prefixOf(service)}${prefix === '' ? '' : `-${prefix}`}`;
  return ofFamily(name.slice(0, ROOM), service, version);
}

/** Whether a rule or probe is of this Service. The shared probe is of all Services of external traffic policy Cluster. */
export function ownsRule(service: Service, name: string): boolean {
  if (name === SHARED_PROBE && service.spec.externalTrafficPolicy !== 'Local') return true;
  const { text, upperCase } = prefixIn(service);
  return name.startsWith(text) || name.slice(0, text.length).toUpperCase() === upperCase;
}
