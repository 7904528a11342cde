/**
 * What a Service asks of a private link service in front of its load balancer.
 * Source: cloud-provider-azure pkg/provider/azure_privatelinkservice.go, pkg/consts/consts.go.
 */
import { parseAddress, type Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, annotationOf, internalSubnet, isTrue } from '../annotations.ts';
import { numberIn } from '../load-balancer/port-annotations.ts';
import { SyncError } from '../sync-error.ts';

const IP_CONFIGURATIONS_MAX = 8;

export function requiresPrivateLink(service: Service): boolean {
  return isTrue(service, ANNOTATIONS.privateLink);
}

/** The items of a list with spaces between them. */
function spaceList(service: Service, key: string): readonly string[] {
  return (annotationOf(service, key) ?? '').split(' ').flatMap((item) => item.trim() || []);
}

/** The subnet of the NAT addresses: its own, or the internal load balancer's where the Service names one. */
export function privateLinkSubnet(service: Service): string | undefined {
  const named = annotationOf(service, ANNOTATIONS.privateLinkSubnet) ?? '';
  return named.trim() === '' ? internalSubnet(service) : named;
}

export function privateLinkResourceGroup(service: Service, clusters: string): string {
  return annotationOf(service, ANNOTATIONS.privateLinkResourceGroup)?.trim() || clusters;
}

/** How many NAT addresses; 1 where the Service does not say. Throws a `SyncError`. */
export function ipConfigurationCount(service: Service): number {
  const count = numberIn(service, ANNOTATIONS.privateLinkAddressCount, (value) => {
    if (value < 1) return `minimum number of private link service ipConfig is 1, ${value} provided`;
    return value > IP_CONFIGURATIONS_MAX
      ? `maximum number of private link service ipConfig is ${IP_CONFIGURATIONS_MAX}, ${value} provided`
      : undefined;
  });
  return count ?? 1;
}

/** NAT addresses that the Service asks for, each once; the first is the primary one. Throws a `SyncError`. */
export function staticAddresses(service: Service): readonly string[] {
  const addresses = spaceList(service, ANNOTATIONS.privateLinkAddresses);
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address === undefined) throw new SyncError(`getPLSStaticIPs: ${text} is not a valid IP address`);
    if (typeof address !== 'number')
      throw new SyncError(`getPLSStaticIPs: private link service ip config only supports IPv4, ${text} provided`);
  }
  return [...new Set(addresses)];
}

export function fqdnsOf(service: Service): readonly string[] {
  return spaceList(service, ANNOTATIONS.privateLinkFqdns);
}

/** The subscriptions that see it; `*` alone where all do. */
export function visibilityOf(service: Service): readonly string[] {
  const subscriptions = spaceList(service, ANNOTATIONS.privateLinkVisibility);
  return subscriptions.includes('*') ? ['*'] : subscriptions;
}

/** The subscriptions whose requests need nobody's approval. */
export function autoApprovalOf(service: Service): readonly string[] {
  return spaceList(service, ANNOTATIONS.privateLinkAutoApproval);
}

const SETTINGS = [
  ANNOTATIONS.privateLinkName,
  ANNOTATIONS.privateLinkSubnet,
  ANNOTATIONS.privateLinkAddressCount,
  ANNOTATIONS.privateLinkAddresses,
  ANNOTATIONS.privateLinkFqdns,
  ANNOTATIONS.privateLinkProxyProtocol,
  ANNOTATIONS.privateLinkVisibility,
  ANNOTATIONS.privateLinkAutoApproval,
];

/** Whether it asks for more than that there is one: then it cannot share another's. */
export function hasPrivateLinkSettings(service: Service): boolean {
  return SETTINGS.some((key) => annotationOf(service, key) !== undefined);
}
