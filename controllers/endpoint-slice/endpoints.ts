/**
 * What one pod is as an endpoint of one Service.
 * Source: k8s.io/endpointslice utils.go (`podToEndpoint`), util/controller_utils.go (`ShouldPodBeInEndpoints`).
 */
import {
  type Condition,
  type Endpoint,
  type EndpointSlice,
  findCondition,
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
  return (podIP !== undefined && podIP !== '') || (podIPs !== undefined && podIPs.length > 0);
}

export function readyConditionOf(pod: Pod): Condition | undefined {
  return findCondition(pod.status.conditions, 'Ready');
}

/** The pod's addresses of one family in canonical form. A lone podIP stands for podIPs, as the API's conversion has it. */
function addressesOf(pod: Pod, addressType: AddressType): readonly string[] {
  const { podIP, podIPs } = pod.status;
  const texts = podIPs ?? (podIP === undefined ? [] : [{ ip: podIP }]);
  const addresses: string[] = [];
  for (let i = 0; i < texts.length; i++) {
    const { ip } = texts[i]!;
    const address = parseAddress(ip);
    if (address === undefined) continue;
    if ((typeof address === 'number') === (addressType === 'IPv4'))
      addresses.push(ip.includes(':') ? formatAddress(address) : ip);
  }
  return addresses.length > 1 ? addresses.sort() : addresses;
}

/** A pod is named inside its Service where its subdomain is the Service's name: DNS answers for `hostname.service`. */
function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname = '', subdomain } = pod.spec;
  return hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

function zoneOf(node: Node | undefined): string | undefined {
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'];
  return zone === '' ? undefined : zone;
}

/** Every state that an endpoint can be in. Frozen and shared: the apiserver reads each of them once. */
const CONDITIONS = Array.from({ length: 8 }, (_, bits) =>
  Object.freeze({ ready: (bits & 4) > 0, serving: (bits & 2) > 0, terminating: (bits & 1) > 0 }),
);

function conditionsOf(pod: Pod, service: Service) {
  const serving = readyConditionOf(pod)?.status === 'True';
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  return CONDITIONS[(ready ? 4 : 0) + (serving ? 2 : 0) + (terminating ? 1 : 0)]!;
}

/** The pod as an endpoint; undefined where it has no address of that type. `node` is undefined where it does not exist. */
export function endpointOf(
  pod: Pod,
  node: Node | undefined,
  service: Service,
  addressType: AddressType,
): Endpoint | undefined {
  const addresses = addressesOf(pod, addressType);
  if (addresses.length === 0) return undefined;
  const { namespace, name, uid } = pod.metadata;
  const { nodeName = '' } = pod.spec;
  const zone = zoneOf(node);
  const hostname = hostnameOf(pod, service);
  // Field by field: a literal with parts left out by spreads is slow, and this is for every pod.
  const endpoint: { -readonly [F in keyof Endpoint]: Endpoint[F] } = {
    addresses,
    conditions: conditionsOf(pod, service),
  };
  if (hostname !== undefined) endpoint.hostname = hostname;
  endpoint.targetRef = namespace === undefined ? { kind: 'Pod', name, uid } : { kind: 'Pod', namespace, name, uid };
  if (nodeName !== '') endpoint.nodeName = nodeName;
  if (zone !== undefined) endpoint.zone = zone;
  return endpoint;
}

/**
 * Whether `endpointOf` would surely say the same again. Makes nothing: a Service is reconciled whenever one of its pods
 * changes, and the others are as they were. False where it is not plain to see, as for pods with several addresses.
 */
export function isPlainlyCurrent(endpoint: Endpoint, pod: Pod, node: Node | undefined, service: Service): boolean {
  const { addresses, conditions, targetRef } = endpoint;
  const { podIPs } = pod.status;
  if (podIPs?.length !== 1 || addresses.length !== 1 || podIPs[0]?.ip !== addresses[0]) return false;
  const { ready, serving, terminating } = conditionsOf(pod, service);
  return (
    conditions.ready === ready &&
    conditions.serving === serving &&
    conditions.terminating === terminating &&
    targetRef?.uid === pod.metadata.uid &&
    targetRef.kind === 'Pod' &&
    targetRef.namespace === pod.metadata.namespace &&
    endpoint.nodeName === (pod.spec.nodeName === '' ? undefined : pod.spec.nodeName) &&
    endpoint.zone === zoneOf(node) &&
    endpoint.hostname === hostnameOf(pod, service)
  );
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
