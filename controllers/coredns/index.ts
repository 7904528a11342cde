/**
 * coredns: the cluster's name server. Controllers bring what its informers see into the dataplane; a server answers from it.
 * Knows nothing of packets: queries come as messages, and names outside are asked through a function that is handed in.
 */
export { AKS_COREFILE } from './aks-corefile.ts';
export type { LoadOptions } from './chain.ts';
export { COREFILE, COREFILE_REFUSAL, corednsConfig } from './config-controller.ts';
export { CorefileError } from './corefile/error.ts';
export { type CorefileSources, parseCorefile, type ServerBlock } from './corefile/parse.ts';
export { printCorefile } from './corefile/print.ts';
export { corednsManifests, type Manifest } from './manifests.ts';
export type { Connection, DnsContext, DnsFacts, DnsReply, DnsRequest, Upstream } from './plugin.ts';
export { formatLabelSelector } from './plugins/kubernetes/label-selector.ts';
export { parseName } from './plugins/kubernetes/name.ts';
export { type KubernetesOptions, readKubernetesOptions } from './plugins/kubernetes/options.ts';
export { rewrite } from './plugins/rewrite/index.ts';
export { RuleError } from './plugins/rewrite/match.ts';
export { type RewriteRule, readRewriteRule } from './plugins/rewrite/rule.ts';
export { corednsPods, dnsPodOf } from './pods-controller.ts';
export { answersDiffer, corednsNamespaces, corednsRecords } from './records-controller.ts';
export { answer, copyServer, type DnsServer, type ServerStart, startServer } from './server.ts';
