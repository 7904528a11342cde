/**
 * What an update keeps without being told, and what a change of type takes away.
 * Source: kubernetes pkg/registry/core/service/storage/storage.go `patchAllocatedValues`, `normalizeClusterIPs`, and
 * pkg/registry/core/service/strategy.go `dropTypeDependentFields`.
 */
import type { Service } from '../../model/index.ts';
import { deepEqual } from '../sharing.ts';
import {
  isExternallyAccessible,
  needsClusterIp,
  needsHealthCheckNodePort,
  needsNodePort,
  nodePortsOf,
  type ServiceSpec,
  type WorkingService,
  type WorkingSpec,
} from './working.ts';

/** Fills in allocated values that the client left out: a PUT need not repeat them. */
export function keepAllocatedValues(spec: WorkingSpec, before: ServiceSpec): void {
  if (needsClusterIp(before) && needsClusterIp(spec)) {
    if (isBlank(spec.clusterIP)) spec.clusterIP = before.clusterIP;
    if (isBlank(spec.clusterIPs) && spec.clusterIP === before.clusterIP) spec.clusterIPs = before.clusterIPs;
  }
  if (needsNodePort(before) && needsNodePort(spec)) keepNodePorts(spec, before);
  if (needsHealthCheckNodePort(before) && needsHealthCheckNodePort(spec) && isBlank(spec.healthCheckNodePort)) {
    spec.healthCheckNodePort = before.healthCheckNodePort;
  }
}

/** A port keeps its node port by its name, unless another port of the new spec asks for that number. */
function keepNodePorts(spec: WorkingSpec, before: ServiceSpec): void {
  const asked = nodePortsOf({ ports: spec.ports });
  const used = new Set([...nodePortsOf({ ports: [...(before.ports ?? [])] })].filter((port) => asked.has(port)));
  const byName = new Map((before.ports ?? []).map((port) => [port.name ?? '', port.nodePort]));
  for (const port of spec.ports ?? []) {
    const kept = byName.get(port.name ?? '');
    if (!isBlank(port.nodePort) || kept === undefined || used.has(kept)) continue;
    port.nodePort = kept;
    used.add(kept);
  }
}

/** Keeps clusterIP and clusterIPs in step where a client wrote only one of them. */
export function alignClusterIps(spec: WorkingSpec, before: ServiceSpec | undefined): void {
  if (before === undefined) {
    if (!isBlank(spec.clusterIP) && isBlank(spec.clusterIPs)) spec.clusterIPs = [spec.clusterIP!];
    return;
  }
  if (spec.clusterIP === before.clusterIP) {
    if (!isBlank(before.clusterIPs) && isBlank(spec.clusterIPs)) spec.clusterIPs = before.clusterIPs;
    return;
  }
  // A client that knows only the one field wrote it: the other follows.
  if (!sameField(spec, before, 'clusterIPs') && !isBlank(spec.clusterIPs)) return;
  spec.clusterIPs = isBlank(spec.clusterIP) ? undefined : [spec.clusterIP!];
}

/** Wipes what the new type has no use for, where the client did not change it: else validation refuses it. */
export function dropTypeDependentFields(service: WorkingService, before: Service): void {
  const { spec } = service;
  const old = before.spec;
  const wipe = (needs: (spec: WorkingSpec | ServiceSpec) => boolean, ...names: (keyof WorkingSpec)[]): void => {
    if (!needs(old) || needs(spec)) return;
    for (const name of names) if (sameField(spec, old, name)) delete spec[name];
  };
  if (needsClusterIp(old) && !needsClusterIp(spec) && sameField(spec, old, 'clusterIPs')) delete spec.clusterIP;
  wipe(needsClusterIp, 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy');
  if (needsNodePort(old) && !needsNodePort(spec) && sameNodePorts(spec, old)) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  wipe(needsHealthCheckNodePort, 'healthCheckNodePort');
  wipe((each) => each.type === 'LoadBalancer', 'allocateLoadBalancerNodePorts', 'loadBalancerClass');
  wipe(isExternallyAccessible, 'externalTrafficPolicy');
  if (spec.type !== 'LoadBalancer' && service.status.loadBalancer.ingress !== undefined) {
    service.status = { ...service.status, loadBalancer: {} };
  }
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === '' || value === 0 || (Array.isArray(value) && value.length === 0);
}

export function sameField(spec: WorkingSpec, before: ServiceSpec, name: keyof WorkingSpec): boolean {
  return deepEqual(spec[name], before[name]);
}

function sameNodePorts(spec: WorkingSpec, before: ServiceSpec): boolean {
  const ports = nodePortsOf({ ports: spec.ports });
  const old = nodePortsOf({ ports: [...(before.ports ?? [])] });
  return ports.size === old.size && [...ports].every((port) => old.has(port));
}
