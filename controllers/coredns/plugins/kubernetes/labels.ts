/** What plugin metadata publishes of a query. Source: CoreDNS plugin/kubernetes/metadata.go. */
import type { DnsContext, DnsRequest } from '../../plugin.ts';
import { zoneOf } from '../../zones.ts';
import { clientPod } from './client-pod.ts';
import { isMulticluster } from './find.ts';
import { parseName } from './name.ts';
import type { KubernetesOptions } from './options.ts';

function clientLabels(options: KubernetesOptions, context: DnsContext): Readonly<Record<string, string>> {
  const pod = clientPod(options, context);
  if (pod === undefined) return {};
  const labels = Object.entries(pod.labels).map(([name, value]) => [`kubernetes/client-label/${name}`, value]);
  return {
    'kubernetes/client-namespace': pod.namespace,
    'kubernetes/client-pod-name': pod.name,
    ...Object.fromEntries(labels),
  };
}

function nameLabels(request: DnsRequest, options: KubernetesOptions): Readonly<Record<string, string>> {
  const zone = zoneOf(request.lowerName, options.zones);
  if (zone === undefined) return {};
  const multicluster = isMulticluster(zone, options);
  const parts = parseName(request.lowerName, zone, { multicluster, zonal: options.zonal });
  if (parts === undefined) return { 'kubernetes/parse-error': 'invalid query name' };
  return {
    'kubernetes/port-name': parts.port,
    'kubernetes/protocol': parts.protocol,
    'kubernetes/endpoint': parts.endpoint,
    ...(multicluster ? { 'kubernetes/cluster': parts.cluster } : {}),
    ...(options.zonal ? { 'kubernetes/zone': parts.topologyZone } : {}),
    'kubernetes/service': parts.service,
    'kubernetes/namespace': parts.namespace,
    'kubernetes/kind': parts.kind,
  };
}

export function labelsOf(
  request: DnsRequest,
  options: KubernetesOptions,
  context: DnsContext,
): ReadonlyMap<string, string> {
  return new Map(Object.entries({ ...clientLabels(options, context), ...nameLabels(request, options) }));
}
