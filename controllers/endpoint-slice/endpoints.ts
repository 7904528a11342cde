/**
 * What one pod is as an endpoint of one Service.
 * Source: k8s.io/endpointslice utils.go (`podToEndpoint`), util/controller_utils.go (`ShouldPodBeInEndpoints`).
 */
import {
  type Condition,
  deepFreeze,
  type Endpoint,
  type EndpointSlice,
  formatAddress,
  type Node,
  type Pod,
  parseAddress,
  type Service,
} from '../../src/model/index.ts';

export type AddressType = Exclude<EndpointSlice['addressType'], 'FQDN'>;

/** Whether a pod can be an endpoint at all: it has an address and has not finished. Terminating pods still count. */
export function mayBeEndpoint(pod: Pod): boolean {
  const { phase, podIP, podIPs } = pod.status;
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  return (podIP ?? '') !== '' || (podIPs ?? []).length > 0;
}

export function readyConditionOf(pod: Pod): Condition | undefined {
  return pod.status.conditions?.find(({ type }) => type === 'Ready');
}

/** The pod's addresses of one family in canonical form. A lone podIP stands for podIPs, as the API's conversion has it. */
function addressesOf(pod: Pod, addressType: AddressType): readonly string[] {
  const { podIP, podIPs } = pod.status;
  const texts = podIPs ?? (podIP === undefined ? [] : [{ ip: podIP }]);
  const addresses: string[] = [];
  for (const { ip } of texts) {
    const address = parseAddress(ip);
    if (address === undefined) continue;
    if ((typeof address === 'number') === (addressType === 'IPv4')) addresses.push(formatAddress(address));
  }
  return addresses.sort();
}

/** A pod is named inside its Service where its subdomain is the Service's name: DNS answers for `hostname.service`. */
function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname = '', subdomain } = pod.spec;
  return hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

/** What an endpoint depends on besides its pod. */
interface Surroundings {
  readonly addressType: AddressType;
  readonly isPublished: boolean;
  readonly zone: string;
  readonly hostname: string | undefined;
}

interface Made extends Surroundings {
  readonly endpoint: Endpoint | undefined;
}

/**
 * The endpoint last made of a pod: a Service is reconciled whenever one of its pods changes, and the others are as they were.
 * A memory of a pure function of frozen values: it changes what a reconcile costs, never what it says.
 */
const lastMade = new WeakMap<Pod, Made>();

/** The pod as an endpoint; undefined where it has no address of that type. `node` is undefined where it does not exist. */
export function endpointOf(
  pod: Pod,
  node: Node | undefined,
  service: Service,
  addressType: AddressType,
): Endpoint | undefined {
  const isPublished = service.spec.publishNotReadyAddresses === true;
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
  const hostname = hostnameOf(pod, service);
  const made = lastMade.get(pod);
  if (
    made !== undefined &&
    made.addressType === addressType &&
    made.isPublished === isPublished &&
    made.zone === zone &&
    made.hostname === hostname
  ) {
    return made.endpoint;
  }
  const surroundings = { addressType, isPublished, zone, hostname };
  const endpoint = makeEndpoint(pod, surroundings);
  lastMade.set(pod, { ...surroundings, endpoint });
  return endpoint;
}

function makeEndpoint(pod: Pod, { addressType, isPublished, zone, hostname }: Surroundings): Endpoint | undefined {
  const addresses = addressesOf(pod, addressType);
  if (addresses.length === 0) return undefined;
  const serving = readyConditionOf(pod)?.status === 'True';
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { namespace, name, uid } = pod.metadata;
  const { nodeName = '' } = pod.spec;
  return deepFreeze({
    addresses,
    conditions: { ready: isPublished || (serving && !terminating), serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: 'Pod', ...(namespace === undefined ? {} : { namespace }), name, uid },
    ...(nodeName === '' ? {} : { nodeName }),
    ...(zone === '' ? {} : { zone }),
  });
}

/** Whether two endpoints are one and the same, perhaps in another state: same pod by name, same hostname, same addresses. */
export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.targetRef?.name === b.targetRef?.name &&
    a.targetRef?.namespace === b.targetRef?.namespace &&
    a.hostname === b.hostname &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address) => b.addresses.includes(address))
  );
}

/** Whether two of the same endpoint are in the same state (`EndpointsEqualBeyondHash`): hints do not count. */
export function isSameState(a: Endpoint, b: Endpoint): boolean {
  return (
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    a.conditions.ready === b.conditions.ready &&
    a.conditions.serving === b.conditions.serving &&
    a.conditions.terminating === b.conditions.terminating &&
    a.targetRef?.kind === b.targetRef?.kind &&
    a.targetRef?.uid === b.targetRef?.uid
  );
}
