/** What a Service has where its author said nothing. Source: kubernetes pkg/apis/core/v1/defaults.go `SetDefaults_Service`. */
import type { LoadBalancerIngress, Service } from '../../model/index.ts';
import { isExternallyAccessible, needsClusterIp, type WorkingSpec, workedOn, workOn } from './working.ts';

const AFFINITY_TIMEOUT_SECONDS = 10_800;

export function applyServiceDefaults(service: Service): Service {
  const working = workOn(service);
  const { spec } = working;
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  defaultAffinityConfig(spec);
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  if (needsClusterIp(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    working.status = defaultIngress(working.status);
  }
  return workedOn(working);
}

function defaultAffinityConfig(spec: WorkingSpec): void {
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_TIMEOUT_SECONDS;
  spec.sessionAffinityConfig = { clientIP: { timeoutSeconds } };
}

function defaultIngress(status: Service['status']): Service['status'] {
  const { ingress } = status.loadBalancer;
  if (ingress === undefined || ingress.every((each) => each.ip === undefined || each.ipMode !== undefined))
    return status;
  const complete = (each: LoadBalancerIngress): LoadBalancerIngress =>
    each.ip === undefined || each.ipMode !== undefined ? each : { ...each, ipMode: 'VIP' };
  return { ...status, loadBalancer: { ...status.loadBalancer, ingress: ingress.map(complete) } };
}
