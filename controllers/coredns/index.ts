/**
 * coredns: the cluster's name server. Controllers bring what its informers see into the dataplane; a server answers from it.
 * Knows nothing of packets: queries come as messages, and names outside are asked through a function that is handed in.
 */
export { AKS_COREFILE } from './aks-corefile.ts';
export type { LoadOptions } from './chain.ts';
export { COREFILE, corednsConfig } from './config-controller.ts';
export { CorefileError } from './corefile/error.ts';
export { type CorefileSources, type Directive, parseCorefile, type ServerBlock } from './corefile/parse.ts';
export { printCorefile } from './corefile/print.ts';
export { corednsImports } from './imports-controller.ts';
export { corednsManifests, type Manifest } from './manifests.ts';
export { formatMetrics, joinFamilies, type MetricFamily } from './metrics.ts';
export {
  type Connection,
  type DnsContext,
  type DnsFacts,
  type DnsReply,
  type DnsRequest,
  type Handler,
  isMessage,
  type Plugin,
  type PluginSetup,
  type Transport,
  type Upstream,
  type UpstreamReply,
} from './plugin.ts';
export { endsInFirst, readAutopathOptions } from './plugins/autopath.ts';
export { answersQuestion } from './plugins/cache/classify.ts';
export { find } from './plugins/cache/find.ts';
export { type CacheItem, itemOf } from './plugins/cache/item.ts';
export { type CacheOptions, readCacheOptions } from './plugins/cache/options.ts';
export { CacheMemory } from './plugins/cache/store.ts';
export { type HostLookup, lookUpHost } from './plugins/forward/host-lookup.ts';
export { type ForwardOptions, readForwardOptions } from './plugins/forward/options.ts';
export { classifyTargets, hostTargetOf, resolvedTarget, splitServerName } from './plugins/forward/targets.ts';
export { readHostsOptions, readHostsTable } from './plugins/hosts.ts';
export { readExternalOptions } from './plugins/k8s-external/options.ts';
export { kubernetes } from './plugins/kubernetes/index.ts';
export { formatLabelSelector } from './plugins/kubernetes/label-selector.ts';
export { localAddressesOf } from './plugins/kubernetes/local.ts';
export { parseName } from './plugins/kubernetes/name.ts';
export { type KubernetesOptions, readKubernetesOptions } from './plugins/kubernetes/options.ts';
export { loadbalance } from './plugins/loadbalance/index.ts';
export { readLoadbalanceOptions } from './plugins/loadbalance/options.ts';
export { readWeights, WeightFileError } from './plugins/loadbalance/weighted.ts';
export { type Reloads, reloadMetrics, versionText } from './plugins/reload/metrics.ts';
export { rewrite } from './plugins/rewrite/index.ts';
export { RuleError } from './plugins/rewrite/match.ts';
export { type RewriteRule, readRewriteRule } from './plugins/rewrite/rule.ts';
export { corednsPods, dnsPodOf } from './pods-controller.ts';
export {
  durationText,
  type HttpQuestion,
  hasEndpoint,
  httpStatus,
  lameduckMsOf,
  reloadOf,
  startupWaitMsOf,
  transferOf,
} from './process.ts';
export { corednsNamespaces, corednsRecords } from './records-controller.ts';
export { movedByImport, movedByPod, movedSerials } from './serials.ts';
export {
  answer,
  begin,
  copyServer,
  type DnsServer,
  dueAt,
  foreignSockets,
  metricsOf,
  type ServerStart,
  socketAt,
  startServer,
  wake,
} from './server.ts';
