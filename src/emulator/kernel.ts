/** One node's kernel, as far as packets meet it. */
import { ConntrackTable, type NodeFacts, type Ruleset, type ServiceTable } from '../dataplane/index.ts';
import { RecentLists } from '../packet/index.ts';
import type { Balancer } from './balancer.ts';

export interface Kernel {
  readonly conntrack: { readonly 4: ConntrackTable; readonly 6: ConntrackTable };
  readonly recent: RecentLists;
  /** what kube-proxy synced last, and for what node; undefined before its first sync */
  services: ServiceTable | undefined;
  facts: NodeFacts | undefined;
  /** the rules that it wrote */
  rules: Ruleset | undefined;
  /** those of IPv6, in a cluster of two families */
  rulesIpv6: Ruleset | undefined;
  /** IPVS, where kube-proxy uses it */
  balancer: Balancer | undefined;
  /** of the version of Services for which conntrack was cleaned up last */
  udpEndpointChanges: number;
}

export function newKernel(): Kernel {
  return {
    conntrack: { 4: new ConntrackTable(4), 6: new ConntrackTable(6) },
    recent: new RecentLists(),
    services: undefined,
    facts: undefined,
    rules: undefined,
    rulesIpv6: undefined,
    balancer: undefined,
    udpEndpointChanges: 0,
  };
}
