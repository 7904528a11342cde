/**
 * A Service and its slices as kube-proxy keeps them.
 * Source: kubernetes pkg/proxy/servicechangetracker.go (serviceToServiceMap), serviceport.go (newBaseServiceInfo),
 * pkg/api/v1/service/util.go.
 */
import type { ServicePortRecord, ServiceRecord } from '../../src/dataplane/index.ts';
import {
  type Address,
  type Cidr,
  type EndpointSlice,
  type Family,
  familyOf,
  keyOf,
  PROTOCOL_NUMBERS,
  type Service,
  type ServicePort,
} from '../../src/model/index.ts';
import { endpointsOf, gatherEndpoints } from './endpoints.ts';
import { parseSloppyAddress, parseSloppyCidr } from './sloppy-address.ts';

/** The apiserver's default of `sessionAffinityConfig.clientIP.timeoutSeconds`. */
const AFFINITY_SECONDS_DEFAULT = 10_800;

const NO_PORTS: readonly ServicePortRecord[] = [];
const FAMILIES: readonly Family[] = [4, 6];

function parsedOf<T>(texts: readonly string[] | undefined, parse: (text: string) => T | undefined): T[] {
  return (texts ?? []).map(parse).filter((value) => value !== undefined);
}

/** Headless and ExternalName Services are not proxied. */
function isSkipped(service: Service): boolean {
  const { clusterIP, type } = service.spec;
  return clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || type === 'ExternalName';
}

function clusterIPOf(service: Service, family: Family): Address | undefined {
  const { clusterIP, clusterIPs = [] } = service.spec;
  const texts = clusterIPs.length > 0 ? clusterIPs : parsedOf([clusterIP ?? ''], (text) => text);
  return parsedOf(texts, parseSloppyAddress).find((address) => familyOf(address) === family);
}

function isExternallyAccessible({ spec }: Service): boolean {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') return true;
  return spec.type !== 'ExternalName' && (spec.externalIPs ?? []).length > 0;
}

function isExternalPolicyLocal(service: Service): boolean {
  return isExternallyAccessible(service) && service.spec.externalTrafficPolicy === 'Local';
}

/** Ranges may be padded with spaces. One that holds every address takes away the restriction. */
function sourceRangesOf(service: Service, family: Family): readonly Cidr[] {
  const ranges = parsedOf(service.spec.loadBalancerSourceRanges, (text) => parseSloppyCidr(text.trim()));
  const ours = ranges.filter((range) => range.family === family);
  return ours.some(({ prefixLength }) => prefixLength === 0) ? [] : ours;
}

/** Only addresses that the node itself must take for the Service: not those whose load balancer rewrites the destination. */
function loadBalancerVIPsOf(service: Service, family: Family): readonly Address[] {
  const vips = (service.status?.loadBalancer?.ingress ?? []).filter(({ ipMode }) => (ipMode ?? 'VIP') === 'VIP');
  return parsedOf(
    vips.map(({ ip }) => ip ?? ''),
    parseSloppyAddress,
  ).filter((address) => familyOf(address) === family);
}

/** What a Service's ports of one family share. */
function sharedFields(service: Service, family: Family) {
  const { spec } = service;
  const externalPolicyLocal = isExternalPolicyLocal(service);
  const clientIP = spec.sessionAffinityConfig?.clientIP;
  return {
    externalIPs: parsedOf(spec.externalIPs, parseSloppyAddress).filter((address) => familyOf(address) === family),
    loadBalancerVIPs: loadBalancerVIPsOf(service, family),
    loadBalancerSourceRanges: sourceRangesOf(service, family),
    affinitySeconds: spec.sessionAffinity === 'ClientIP' ? (clientIP?.timeoutSeconds ?? AFFINITY_SECONDS_DEFAULT) : 0,
    externalPolicyLocal,
    internalPolicyLocal: spec.internalTrafficPolicy === 'Local',
    healthCheckNodePort: spec.type === 'LoadBalancer' && externalPolicyLocal ? (spec.healthCheckNodePort ?? 0) : 0,
  };
}

function portRecords(service: Service, family: Family, slices: readonly EndpointSlice[]): readonly ServicePortRecord[] {
  const clusterIP = clusterIPOf(service, family);
  if (clusterIP === undefined) return NO_PORTS;
  const endpoints = gatherEndpoints(slices, family);
  const shared = sharedFields(service, family);
  return (service.spec.ports ?? []).map((port: ServicePort) => {
    const protocol = port.protocol ?? 'TCP';
    const name = port.name ?? '';
    return {
      name: name === '' ? keyOf(service) : `${keyOf(service)}:${name}`,
      protocol: PROTOCOL_NUMBERS[protocol],
      clusterIP,
      port: port.port,
      nodePort: port.nodePort ?? 0,
      ...shared,
      endpoints: endpointsOf(endpoints, name, protocol),
    };
  });
}

/** The Service as kube-proxy keeps it, its IPv4 ports before its IPv6 ones; undefined where kube-proxy skips it. */
export function serviceRecordOf(service: Service, slices: readonly EndpointSlice[]): ServiceRecord | undefined {
  if (isSkipped(service)) return undefined;
  const ports = FAMILIES.flatMap((family) => portRecords(service, family, slices));
  return ports.length === 0 ? undefined : { key: keyOf(service), ports };
}
