/** The pods that a Service should have as endpoints, by port map. Source: k8s.io/endpointslice reconciler.go (`reconcileByAddressType`). */
import type { EndpointPort, Pod, Service } from '../../src/model/index.ts';
import type { View } from '../../src/reconcile/index.ts';
import { mayBeEndpoint } from './endpoints.ts';
import { endpointPortsOf, portMapKey } from './ports.ts';

export interface PortMap {
  readonly ports: readonly EndpointPort[];
  /** by name: a Service's pods share a namespace */
  readonly pods: Map<string, Pod>;
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
      found = { ports, pods: new Map() };
      portMaps.set(key, found);
    }
    same = found;
    return found;
  };
}

export function desiredPods(view: View, service: Service, pods: readonly Pod[]): Desired {
  const isPublished = service.spec.publishNotReadyAddresses === true;
  const portMaps = new Map<string, PortMap>();
  const nodeless: Pod[] = [];
  const portMapOf = portMapFinder(service, portMaps);
  for (const pod of pods) {
    if (!mayBeEndpoint(pod)) continue;
    const portMap = portMapOf(pod);
    // Who publishes addresses whatever their state gets them even from a node that is gone.
    const isPlaced = isPublished || view.get('Node', pod.spec.nodeName ?? '') !== undefined;
    if (isPlaced) portMap.pods.set(pod.metadata.name, pod);
    else nodeless.push(pod);
  }
  return { portMaps, nodeless };
}
