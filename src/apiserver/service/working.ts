/** A Service while a request works on it: its spec and ports are this request's own copies, and may be changed. */
import { type Service, type ServicePort, withFields } from '../../model/index.ts';

type Loose<T> = { -readonly [K in keyof T]?: T[K] | undefined };

export type ServiceSpec = Service['spec'];
export type WorkingPort = Loose<ServicePort>;
export type WorkingSpec = Omit<Loose<ServiceSpec>, 'ports'> & { ports?: WorkingPort[] | undefined };

export interface WorkingService {
  readonly metadata: Service['metadata'];
  readonly spec: WorkingSpec;
  status: Service['status'];
}

export function workOn(service: Service): WorkingService {
  const { ports, ...spec } = service.spec;
  const own = ports?.map((port) => withFields(port, {}));
  return { ...service, spec: own === undefined ? spec : withFields(spec, { ports: own }) };
}

/** A Service that `workOn` made, on its way through the strategy. */
export function workingOf(service: Service): WorkingService {
  return service as unknown as WorkingService;
}

export function workedOn(service: WorkingService): Service {
  return service as unknown as Service;
}

/** Leaves out what is empty, as the apiserver prints it. */
export function finish(service: WorkingService): void {
  dropEmpty(service.spec);
  for (const port of service.spec.ports ?? []) {
    if (port.nodePort === 0) delete port.nodePort;
  }
}

function dropEmpty(spec: WorkingSpec): void {
  for (const name of Object.keys(spec) as (keyof WorkingSpec)[]) {
    const value = spec[name];
    const emptyList = Array.isArray(value) && value.length === 0;
    if (value === undefined || value === '' || value === 0 || emptyList) delete spec[name];
  }
}

export function isHeadless(spec: WorkingSpec | ServiceSpec): boolean {
  return spec.clusterIPs?.length === 1 ? spec.clusterIPs[0] === 'None' : spec.clusterIP === 'None';
}

export function hasSelector(spec: WorkingSpec | ServiceSpec): boolean {
  return spec.selector !== undefined && Object.keys(spec.selector).length > 0;
}

export function needsClusterIp(spec: WorkingSpec | ServiceSpec): boolean {
  return spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer';
}

/** Whether its ports get node ports that nobody asked for. */
export function needsNodePort(spec: WorkingSpec | ServiceSpec): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

export function needsHealthCheckNodePort(spec: WorkingSpec | ServiceSpec): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

/** Whether clients outside of the cluster can reach it (kubernetes pkg/api/service `ExternallyAccessible`). */
export function isExternallyAccessible(spec: WorkingSpec | ServiceSpec): boolean {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') return true;
  return spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0;
}

/** Every node port it holds, without repeats, its health check's included. */
export function nodePortsOf(spec: WorkingSpec | ServiceSpec): Set<number> {
  const ports = new Set<number>();
  for (const { nodePort } of spec.ports ?? []) if (nodePort !== undefined && nodePort !== 0) ports.add(nodePort);
  if (spec.healthCheckNodePort !== undefined && spec.healthCheckNodePort !== 0) ports.add(spec.healthCheckNodePort);
  return ports;
}
