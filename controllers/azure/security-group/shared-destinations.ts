/**
 * Services that share an address: what one no longer needs, another may.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer_accesscontrol.go.
 */
import { type azure, formatAddress, keyOf, parseAddress, type Service } from '../../../src/model/index.ts';
import { disablesFloatingIp } from '../annotations.ts';
import { SyncError } from '../sync-error.ts';
import { additionalPublicIps, portsByProtocol } from './access.ts';
import type { PortsByProtocol } from './rules.ts';

/** The addresses that a Service answers at: its load balancer's and the additional ones. */
export function addressesOfService(service: Service): readonly string[] {
  const ingress = (service.status.loadBalancer.ingress ?? []).flatMap(({ ip }) => {
    const address = parseAddress(ip ?? '');
    return address === undefined ? [] : [formatAddress(address)];
  });
  try {
    return [...additionalPublicIps(service), ...ingress];
  } catch (error) {
    if (error instanceof SyncError) return ingress;
    throw error;
  }
}

/** The ports of the other Services that packets for `destinations` may be meant for. */
export function sharedPortsOf(
  service: Service,
  others: Iterable<Service>,
  destinations: readonly string[],
): PortsByProtocol {
  const ports = new Map<azure.SecurityProtocol, readonly number[]>();
  const wanted = new Set(destinations);
  for (const other of others) {
    if (keyOf(other) === keyOf(service) || !shares(service, other, wanted)) continue;
    for (const [protocol, own] of portsByProtocol(other)) ports.set(protocol, [...(ports.get(protocol) ?? []), ...own]);
  }
  return ports;
}

/** Without floating IP all packets arrive at the nodes' addresses: then the Services without it share those. */
function shares(service: Service, other: Service, destinations: ReadonlySet<string>): boolean {
  if (disablesFloatingIp(service)) return disablesFloatingIp(other);
  return (other.status.loadBalancer.ingress ?? []).some(({ ip }) => ip !== undefined && destinations.has(ip));
}
