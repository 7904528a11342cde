/** What a kubernetes block sets, as the recordings name it. */
import {
  type Directive,
  formatLabelSelector,
  type PluginSetup,
  readKubernetesOptions,
} from '../../../../controllers/coredns/index.ts';

export function kubernetesSettings(directives: readonly Directive[], setup: PluginSetup): Record<string, unknown> {
  const options = readKubernetesOptions(directives, setup);
  return {
    zone_count: options.zones.length,
    namespace_count: options.namespaces.size,
    pods: options.pods,
    fallthrough: options.fallthrough ?? null,
    startup_timeout_s: options.startupTimeoutMs / 1000,
    labels: options.labels === undefined ? undefined : formatLabelSelector(options.labels),
    namespace_labels: options.namespaceLabels === undefined ? undefined : formatLabelSelector(options.namespaceLabels),
    ignore_empty_service: options.ignoreEmptyService,
    endpoint_pod_names: options.endpointPodNames,
    multicluster: options.multicluster,
    zonal: options.zonal,
    noendpoints: options.noEndpoints,
    ttl: options.ttl,
  };
}
