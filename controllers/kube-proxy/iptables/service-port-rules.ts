/**
 * All rules that one service port has in one node's tables.
 *
 * ```text
 *   nat     KUBE-SERVICES  -d cluster IP ─────────────► KUBE-SVC (internal policy Local: KUBE-SVL) ─► KUBE-SEP ─► DNAT
 *                          -d external IP ────────────► KUBE-EXT ─► KUBE-SVC or KUBE-SVL
 *                          -d load balancer VIP ──────► KUBE-EXT (with source ranges: KUBE-FW ─► KUBE-EXT)
 *           KUBE-NODEPORTS --dport node port ─────────► KUBE-EXT
 *   filter  KUBE-SERVICES, KUBE-EXTERNAL-SERVICES ────► REJECT or DROP where no endpoint can be reached
 *           KUBE-PROXY-FIREWALL ──────────────────────► DROP what KUBE-FW did not let through
 *           KUBE-NODEPORTS ───────────────────────────► ACCEPT for the health check node port
 * ```
 * Source: kubernetes pkg/proxy/iptables/proxier.go (syncProxyRules).
 */
import type { Chain, Match, Rule, ServicePortRecord, Target } from '../../../src/dataplane/index.ts';
import { type Address, TCP } from '../../../src/model/index.ts';
import type { CategorizedEndpoints } from '../topology.ts';
import { isExternallyAccessible } from '../topology.ts';
import { AddressRules } from './address-rules.ts';
import { endpointRules } from './endpoint-rules.ts';
import { externalRules, firewallRules } from './external-rules.ts';
import {
  ACCEPT,
  addressTypeLocal,
  comment,
  counted,
  DROP,
  destination,
  destinationPort,
  jumpTo,
  NO_RULES,
  protocolIs,
  rule,
} from './rule.ts';
import { ServiceChain, type ServiceChainPrefix, serviceChainName } from './service-chain.ts';
import { LOOPBACK } from './static-chains.ts';
import type { ChainWriter } from './writer.ts';

export class ServicePortRules {
  readonly port: ServicePortRecord;
  readonly endpoints: CategorizedEndpoints;
  /** KUBE-SVC; undefined where it is not written. So are the others */
  readonly clusterChain: Chain | undefined;
  /** KUBE-SVL */
  readonly localChain: Chain | undefined;
  /** KUBE-EXT */
  readonly externalChain: Chain | undefined;
  /** KUBE-FW */
  readonly firewallChain: Chain | undefined;
  readonly #writer: ChainWriter;
  #natServices: AddressRules | undefined;
  #filterServices: AddressRules | undefined;
  #externalServices: AddressRules | undefined;
  #proxyFirewall: AddressRules | undefined;
  #natNodePorts: readonly Rule[] | undefined;
  #filterNodePorts: readonly Rule[] | undefined;

  constructor(writer: ChainWriter, port: ServicePortRecord, endpoints: CategorizedEndpoints, nodeAllowed: boolean) {
    this.#writer = writer;
    this.port = port;
    this.endpoints = endpoints;
    const { cluster = [], local = [] } = endpoints;
    const exists = endpoints.hasAnyEndpoints;
    this.clusterChain = this.#chain('KUBE-SVC-', cluster.length > 0, () => this.#policyRules(false));
    this.localChain = this.#chain('KUBE-SVL-', local.length > 0, () => this.#policyRules(true));
    this.externalChain = this.#chain('KUBE-EXT-', exists && isExternallyAccessible(port), () =>
      externalRules(this, writer),
    );
    const guarded = port.loadBalancerVIPs.length > 0 && port.loadBalancerSourceRanges.length > 0;
    this.firewallChain = this.#chain('KUBE-FW-', exists && guarded, () => firewallRules(this, nodeAllowed));
  }

  /** where the cluster IP leads; undefined where no endpoint can be reached by it */
  get internalChain(): Chain | undefined {
    return this.port.internalPolicyLocal ? this.localChain : this.clusterChain;
  }

  /** where traffic from outside ends up; undefined where no endpoint can be reached by it */
  get externalPolicyChain(): Chain | undefined {
    return this.port.externalPolicyLocal ? this.localChain : this.clusterChain;
  }

  /** the port's own chains in nat, endpoints' chains included */
  chains(): readonly Chain[] {
    const own = [this.externalChain, this.firewallChain, this.clusterChain, this.localChain];
    const endpoints = (this.endpoints.allReachable ?? []).map((endpoint) =>
      this.#writer.endpointChain(this.port, endpoint),
    );
    return [...own.filter((chain) => chain !== undefined), ...endpoints];
  }

  get natServices(): AddressRules {
    this.#natServices ??= new AddressRules(this.#writeNatServices());
    return this.#natServices;
  }

  get filterServices(): AddressRules {
    this.#filterServices ??= new AddressRules(this.#writeFilterServices());
    return this.#filterServices;
  }

  /** where traffic from outside is refused; the node port's rule is the last, and has no destination */
  get externalServices(): AddressRules {
    this.#externalServices ??= new AddressRules(this.#writeExternalServices());
    return this.#externalServices;
  }

  get proxyFirewall(): AddressRules {
    this.#proxyFirewall ??= new AddressRules(this.#writeProxyFirewall());
    return this.#proxyFirewall;
  }

  get natNodePorts(): readonly Rule[] {
    this.#natNodePorts ??= this.#writeNatNodePorts();
    return this.#natNodePorts;
  }

  get filterNodePorts(): readonly Rule[] {
    this.#filterNodePorts ??= this.#writeFilterNodePorts();
    return this.#filterNodePorts;
  }

  #chain(prefix: ServiceChainPrefix, exists: boolean, makeRules: () => readonly Rule[]): Chain | undefined {
    const { name, protocol } = this.port;
    return exists ? new ServiceChain(() => serviceChainName(prefix, name, protocol), makeRules) : undefined;
  }

  /** `-p tcp -d address --dport port`, as most rules have it */
  #to(text: string, address: Address): Match[] {
    const { protocol, port } = this.port;
    return [comment(text), protocolIs(protocol), destination(address), destinationPort(protocol, port)];
  }

  /** KUBE-SVC and KUBE-SVL: the one that the cluster IP leads to also marks what does not come from pods. */
  #policyRules(local: boolean): readonly Rule[] {
    const writer = this.#writer;
    const endpoints = (local ? this.endpoints.local : this.endpoints.cluster) ?? [];
    const rules = endpointRules(this.port, endpoints, (each) => writer.endpointChain(this.port, each), writer.comments);
    if (local !== this.port.internalPolicyLocal) return rules;
    const { masqueradeAll } = writer.config;
    if (!masqueradeAll && writer.detector === undefined) return rules;
    const matches = this.#to(`${this.port.name} cluster IP`, this.port.clusterIP);
    const notLocal = masqueradeAll ? undefined : writer.detector?.ifNotLocal;
    return [rule(jumpTo(writer.static.markMasquerade), ...matches, notLocal), ...rules];
  }

  #writeNatServices(): readonly Rule[] {
    const { name, clusterIP, externalIPs, loadBalancerVIPs } = this.port;
    const rules: Rule[] = [];
    const capture = (text: string, address: Address, chain: Chain | undefined): void => {
      if (chain !== undefined) rules.push(rule(jumpTo(chain), ...this.#to(`${name} ${text}`, address)));
    };
    capture('cluster IP', clusterIP, this.internalChain);
    for (const address of externalIPs) capture('external IP', address, this.externalChain);
    for (const address of loadBalancerVIPs)
      capture('loadbalancer IP', address, this.firewallChain ?? this.externalChain);
    return rules;
  }

  /** REJECT tells a client that nobody serves; DROP, that others might, but not by this way */
  #refusal(): { readonly target: Target; readonly text: string } {
    const reject = this.#writer.config.family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
    return this.endpoints.hasAnyEndpoints
      ? { target: DROP, text: `${this.port.name} has no local endpoints` }
      : { target: { target: 'REJECT', with: reject }, text: `${this.port.name} has no endpoints` };
  }

  #writeFilterServices(): readonly Rule[] {
    if (this.internalChain !== undefined) return NO_RULES;
    const { target, text } = this.#refusal();
    return [rule(target, ...this.#to(text, this.port.clusterIP))];
  }

  #writeExternalServices(): readonly Rule[] {
    if (this.externalPolicyChain !== undefined) return NO_RULES;
    const { externalIPs, loadBalancerVIPs, nodePort, protocol } = this.port;
    const { target, text } = this.#refusal();
    const rules = [...externalIPs, ...loadBalancerVIPs].map((address) => rule(target, ...this.#to(text, address)));
    if (nodePort === 0) return rules;
    const toNodePort = [protocolIs(protocol), destinationPort(protocol, nodePort)];
    return [...rules, rule(target, comment(text), addressTypeLocal('destination'), ...toNodePort)];
  }

  #writeProxyFirewall(): readonly Rule[] {
    const { firewallChain } = this;
    if (firewallChain === undefined) return NO_RULES;
    const text = `${this.port.name} traffic not accepted by ${firewallChain.name}`;
    return this.port.loadBalancerVIPs.map((address) => rule(DROP, ...this.#to(text, address)));
  }

  /** Source ranges do not guard node ports. What comes by localhost is counted on its way. */
  #writeNatNodePorts(): readonly Rule[] {
    const { name, nodePort, protocol } = this.port;
    if (nodePort === 0 || this.externalChain === undefined) return NO_RULES;
    const target = jumpTo(this.externalChain);
    const { config } = this.#writer;
    const toPort = destinationPort(protocol, nodePort);
    const all = rule(target, comment(name), protocolIs(protocol), toPort);
    if (config.family === 6 || !config.localhostNodePorts || !config.nfacct.localhostNodePortsAccepted) return [all];
    const counter = counted('localhost_nps_accepted_pkts');
    return [rule(target, comment(name), protocolIs(protocol), destination(LOOPBACK), toPort, counter), all];
  }

  /** Whether or not there are endpoints: kube-proxy itself answers health checks. */
  #writeFilterNodePorts(): readonly Rule[] {
    const { name, healthCheckNodePort } = this.port;
    if (healthCheckNodePort === 0) return NO_RULES;
    const matches = [protocolIs(TCP), destinationPort(TCP, healthCheckNodePort)];
    return [rule(ACCEPT, comment(`${name} health check node port`), ...matches)];
  }
}
