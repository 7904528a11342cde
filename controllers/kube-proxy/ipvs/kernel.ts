/**
 * What one node's kernel holds once its kube-proxy has synced a version of the table of Services in IPVS mode. Unlike the rules
 * of other modes it depends on what was there before: on the order in which real servers came, and on those that wait to go.
 *
 * A sync is a full one, as kube-proxy's is: its cost grows with the Services that there are.
 */
import type { NodeFacts, Ruleset, ServiceTable } from '../../../src/dataplane/index.ts';
import type { Address } from '../../../src/model/index.ts';
import type { IpvsConfig } from './config.ts';
import { ipvsNode } from './node.ts';
import { dummyAddresses, gather } from './proxier.ts';
import { ipvsChains } from './rules.ts';
import { ipvsRuleset } from './ruleset.ts';
import type { KubeProxySets } from './sets.ts';
import { NO_SERVERS, type ServersState, ServersWork } from './virtual-servers.ts';

export interface IpvsKernel extends ServersState {
  readonly ruleset: Ruleset;
  readonly sets: KubeProxySets;
  /** on kube-ipvs0: the kernel takes them for the node's own */
  readonly dummyAddresses: ReadonlySet<Address>;
}

/**
 * One sync. `before` is undefined at kube-proxy's first; its servers must have their connections counted, for a real server
 * goes at once only when it has none.
 */
export function syncIpvsKernel(
  before: IpvsKernel | undefined,
  services: ServiceTable,
  facts: NodeFacts,
  config: IpvsConfig,
): IpvsKernel {
  const node = ipvsNode(facts, config);
  const { sets, servers, binds, blockedFromNode } = gather(services, node, config);
  const work = new ServersWork(before ?? NO_SERVERS);
  work.deleteOthers(new Set(servers.map((server) => work.ensure(server, before === undefined))), config);
  const podCidr =
    config.localDetector.mode === 'NodeCIDR'
      ? facts.podCidrs.find(({ family }) => family === config.family)
      : undefined;
  return {
    ...work.state(),
    sets,
    ruleset: ipvsRuleset(ipvsChains({ sets, config, podCidr, blockedFromNode }), config.family),
    dummyAddresses: dummyAddresses(before?.dummyAddresses ?? new Set(), binds),
  };
}

/** What kube-proxy does each TERMINATION_CHECK_MS, between syncs; the servers must have their connections counted. */
export function checkTerminatingServers(kernel: IpvsKernel): IpvsKernel {
  const work = new ServersWork(kernel);
  work.checkTerminating();
  return { ...kernel, ...work.state() };
}
