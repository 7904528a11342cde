/**
 * How traffic to external addresses and node ports is taken in: KUBE-EXT and KUBE-FW.
 * Source: kubernetes pkg/proxy/iptables/proxier.go (syncProxyRules).
 */
import type { Chain, Rule } from '../../../src/dataplane/index.ts';
import { addressTypeLocal, comment, jumpTo, NO_TARGET, rule, source } from './rule.ts';
import type { ServicePortRules } from './service-port-rules.ts';
import type { ChainWriter } from './writer.ts';

/**
 * KUBE-EXT. Policy Cluster may cross nodes, so it masquerades. Policy Local keeps the client's address; pods and the node
 * itself are not subject to it, as if they went out to a load balancer and came back.
 */
export function externalRules(rules: ServicePortRules, writer: ChainWriter): readonly Rule[] {
  const { port, externalPolicyChain } = rules;
  const said = (text: string) => comment(`${text} traffic for ${port.name} external destinations`);
  const mark = jumpTo(writer.static.markMasquerade);
  const rest = externalPolicyChain === undefined ? [] : [rule(jumpTo(externalPolicyChain))];
  if (!port.externalPolicyLocal) return [rule(mark, said('masquerade')), ...rest];
  const everywhere = jumpTo(requiredClusterChain(rules));
  const { detector } = writer;
  const ofNode = addressTypeLocal('source');
  return [
    ...(detector === undefined ? [] : [rule(everywhere, said('pod'), detector.ifLocal)]),
    rule(mark, said('masquerade LOCAL'), ofNode),
    rule(everywhere, said('route LOCAL'), ofNode),
    ...rest,
  ];
}

/** Wherever KUBE-EXT exists some endpoint is usable, and the port uses Cluster endpoints: so KUBE-SVC exists. */
function requiredClusterChain({ port, clusterChain }: ServicePortRules): Chain {
  if (clusterChain === undefined) throw new Error(`${port.name} is reachable from outside, but has no KUBE-SVC chain`);
  return clusterChain;
}

/** KUBE-FW: lets source ranges through. What comes to its end was not translated, and is dropped in the filter table. */
export function firewallRules(rules: ServicePortRules, nodeAllowed: boolean): readonly Rule[] {
  const { port, externalChain } = rules;
  if (externalChain === undefined) throw new Error(`${port.name} has load balancer VIPs, but no KUBE-EXT chain`);
  const target = jumpTo(externalChain);
  const said = comment(`${port.name} loadbalancer IP`);
  const ranges = port.loadBalancerSourceRanges.map((range) => rule(target, said, source(range)));
  // A VIP is often an address of the node too, so that the node's own request comes from the VIP.
  const vips = nodeAllowed ? port.loadBalancerVIPs.map((address) => rule(target, said, source(address))) : [];
  const rest = rule(NO_TARGET, comment(`other traffic to ${port.name} will be dropped by KUBE-PROXY-FIREWALL`));
  return [...ranges, ...vips, rest];
}
