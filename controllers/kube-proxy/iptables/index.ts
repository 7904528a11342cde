/** kube-proxy's iptables mode: from service ports to rules. */
export { type KubeProxyRuleset, kubeProxyRuleset } from './ruleset.ts';
export { serviceChainName } from './service-chain.ts';
export type { ServicePortRules } from './service-port-rules.ts';
