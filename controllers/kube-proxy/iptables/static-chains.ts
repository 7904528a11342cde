/**
 * Chains that say the same whatever Services there are.
 * Source: kubernetes pkg/proxy/iptables/proxier.go (syncProxyRules).
 */
import {
  type Chain,
  type Rule,
  STATE_DNAT,
  STATE_ESTABLISHED,
  STATE_INVALID,
  STATE_RELATED,
} from '../../../src/dataplane/index.ts';
import { cidrOf } from '../../../src/model/index.ts';
import type { KubeProxyConfig } from '../config.ts';
import {
  ACCEPT,
  comment,
  connectionState,
  counted,
  DROP,
  destination,
  fixedChain,
  jumpTo,
  markIs,
  NO_RULES,
  RETURN,
  rule,
  source,
} from './rule.ts';

export const LOOPBACK = cidrOf('127.0.0.0/8');

export interface StaticChains {
  readonly markMasquerade: Chain;
  readonly postrouting: Chain;
  readonly forward: Chain;
  readonly firewall: Chain;
  /** how base chains come to them */
  readonly toPostrouting: Rule;
  readonly toForward: Rule;
  readonly toFirewall: Rule;
}

/** Takes the mark off again, lest a packet that goes through the stack twice be masqueraded twice. */
function postroutingRules(mark: number, randomFully: boolean): readonly Rule[] {
  return [
    rule(RETURN, markIs(mark, true)),
    rule({ target: 'MARK', value: mark, mask: 0 }),
    rule({ target: 'MASQUERADE', randomFully }, comment('kubernetes service traffic requiring SNAT')),
  ];
}

function forwardRules(config: KubeProxyConfig, mark: number): readonly Rule[] {
  // An INVALID packet would pass un-NATed and make the peer reset the connection (kubernetes issue 74839).
  const dropInvalid = rule(
    DROP,
    connectionState(STATE_INVALID),
    config.nfacct.ctStateInvalidDropped ? counted('ct_state_invalid_dropped_pkts') : undefined,
  );
  return [
    ...(config.conntrackTcpBeLiberal ? [] : [dropInvalid]),
    rule(ACCEPT, comment('kubernetes forwarding rules'), markIs(mark)),
    rule(ACCEPT, comment('kubernetes forwarding conntrack rule'), connectionState(STATE_RELATED | STATE_ESTABLISHED)),
  ];
}

/** Node ports on localhost need route_localnet, which would let neighbours reach 127.0.0.1 (kubernetes issue 90259). */
function firewallRules(config: KubeProxyConfig): readonly Rule[] {
  if (config.family === 6 || !config.localhostNodePorts) return NO_RULES;
  return [
    rule(
      DROP,
      comment('block incoming localnet connections'),
      destination(LOOPBACK),
      source(LOOPBACK, true),
      connectionState(STATE_RELATED | STATE_ESTABLISHED | STATE_DNAT, true),
    ),
  ];
}

export function staticChains(config: KubeProxyConfig): StaticChains {
  const mark = 2 ** config.masqueradeBit;
  const postrouting = fixedChain('KUBE-POSTROUTING', postroutingRules(mark, config.randomFully));
  const forward = fixedChain('KUBE-FORWARD', forwardRules(config, mark));
  const firewall = fixedChain('KUBE-FIREWALL', firewallRules(config));
  return {
    markMasquerade: fixedChain('KUBE-MARK-MASQ', [rule({ target: 'MARK', value: mark, mask: mark })]),
    postrouting,
    forward,
    firewall,
    toPostrouting: rule(jumpTo(postrouting), comment('kubernetes postrouting rules')),
    toForward: rule(jumpTo(forward), comment('kubernetes forwarding rules')),
    toFirewall: rule(jumpTo(firewall)),
  };
}
