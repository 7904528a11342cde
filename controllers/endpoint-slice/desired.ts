/** The endpoints that a Service should have, by port map. Source: k8s.io/endpointslice reconciler.go (`reconcileByAddressType`). */
import type { Endpoint, EndpointPort, Pod, Service } from '../../src/model/index.ts';
import type { View } from '../../src/reconcile/index.ts';
import { type AddressType, endpointOf, mayBeEndpoint } from './endpoints.ts';
import { endpointPortsOf, portMapKey } from './ports.ts';

export interface PortMap {
  readonly ports: readonly EndpointPort[];
  /** by pod name: a Service's pods share a namespace */
  readonly endpoints: Map<string, Endpoint>;
}

export interface Desired {
  readonly portMaps: ReadonlyMap<string, PortMap>;
  /** pods left out because their node does not exist */
  readonly nodeless: readonly Pod[];
}

/** Finds a pod's port map; pods whose ports are the same share the work. */
function portMapFinder(service: Service, portMaps: Map<string, PortMap>): (pod: Pod) => PortMap {
  const isNamed = (service.spec.ports ?? []).some(({ targetPort }) => typeof targetPort === 'string');
  let same: PortMap | undefined;
  return (pod) => {
    if (same !== undefined && !isNamed) return same;
    const ports = endpointPortsOf(service, pod);
    const key = portMapKey(ports);
    let found = portMaps.get(key);
    if (found === undefined) {
      found = { ports, endpoints: new Map() };
      portMaps.set(key, found);
    }
    same = found;
    return found;
  };
}

export function desiredEndpoints(view: View, service: Service, pods: readonly Pod[], type: AddressType): Desired {
  const portMaps = new Map<string, PortMap>();
  const nodeless: Pod[] = [];
  const portMapOf = portMapFinder(service, portMaps);
  for (const pod of pods) {
    if (!mayBeEndpoint(pod)) continue;
    const portMap = portMapOf(pod);
    const node = view.get('Node', pod.spec.nodeName ?? '');
    // Who publishes addresses whatever their state gets them even from a node that is gone.
    if (node === undefined && service.spec.publishNotReadyAddresses !== true) {
      nodeless.push(pod);
      continue;
    }
    const endpoint = endpointOf(pod, node, service, type);
    if (endpoint !== undefined) portMap.endpoints.set(pod.metadata.name, endpoint);
  }
  return { portMaps, nodeless };
}
