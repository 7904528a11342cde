/**
 * A Service's ports as one pod has them. Pods whose named ports differ fall into different slices.
 * Source: k8s.io/endpointslice utils.go (`getEndpointPorts`, `FindPort`), util/controller_utils.go (`NewPortMapKey`).
 */
import type { Container, EndpointPort, Pod, Service, ServicePort } from '../../src/model/index.ts';

/** The containers that run as long as the pod does: its own, then its sidecars (init containers that always restart). */
function lastingContainers({ spec }: Pod): readonly Container[] {
  if (spec.initContainers === undefined) return spec.containers;
  return [...spec.containers, ...spec.initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')];
}

/** The port number that a Service port leads to in a pod; undefined where the pod has no port of that name and protocol. */
function portNumberIn(pod: Pod, { targetPort, protocol }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  for (const { ports = [] } of lastingContainers(pod)) {
    const named = ports.find((port) => port.name === targetPort && port.protocol === protocol);
    if (named !== undefined) return named.containerPort;
  }
  return undefined;
}

/** The Service's ports in this pod, in the Service's order; those that the pod lacks are left out. */
export function endpointPortsOf(service: Service, pod: Pod): readonly EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const servicePort of service.spec.ports ?? []) {
    const port = portNumberIn(pod, servicePort);
    if (port === undefined) continue;
    const { name = '', protocol, appProtocol } = servicePort;
    ports.push({ name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) });
  }
  return ports;
}

/**
 * A port as Go's `dump.ForHash` (k8s.io/utils/dump: spew's `%#v` without pointer addresses) spells it. The real controller
 * orders a slice's ports by the hash of this text, so it decides the order that the API shows.
 */
function dumpOf({ name, protocol, port, appProtocol }: EndpointPort): string {
  const names = `Name:(*string)${name ?? NIL} Protocol:(*v1.Protocol)${protocol ?? NIL}`;
  return `(v1.EndpointPort){${names} Port:(*int32)${port ?? NIL} AppProtocol:(*string)${appProtocol ?? NIL}}`;
}

const NIL = '<nil>';

/** What a slice's ports are compared by: equal for the same ports in any order; no ports and null are the same. */
export function portMapKey(ports: readonly EndpointPort[] | null): string {
  if (ports === null || ports.length === 0) return '';
  return ports.length === 1 ? dumpOf(ports[0]!) : ports.map(dumpOf).sort().join('\n');
}

const FNV_OFFSET_BASIS = 0x6c62272e07bb014262b821756295c58dn;
const FNV_PRIME = 0x1000000000000000000013bn;

/** FNV-1a over 128 bits (RFC 9923) in hexadecimal. Port names and protocols are ASCII. */
function fnv128a(text: string): string {
  let hash = FNV_OFFSET_BASIS;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(text.charCodeAt(i))) * FNV_PRIME);
  }
  return hash.toString(16).padStart(32, '0');
}

/** The ports in the order that the real controller writes them: by hash. Costs some µs a port: for new slices only. */
export function inWrittenOrder(ports: readonly EndpointPort[]): readonly EndpointPort[] {
  if (ports.length < 2) return ports;
  const hashed = ports.map((port) => ({ port, hash: fnv128a(dumpOf(port)) }));
  return hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)).map(({ port }) => port);
}
