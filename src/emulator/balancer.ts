/**
 * A node's IPVS from sync to sync: what kube-proxy has set, and the connections that the kernel counts. A real server that
 * goes waits for its connections to end, and kube-proxy looks after it once a minute.
 */
import { kubeProxy } from '../../controllers/index.ts';
import type { ConntrackTable, NodeFacts, Ruleset, ServiceTable, VirtualServers } from '../dataplane/index.ts';
import type { Address, Moment } from '../model/index.ts';
import { IpvsTable, serversWithConnections } from '../packet/index.ts';

export class Balancer {
  readonly table = new IpvsTable(new Map());
  readonly #config: kubeProxy.IpvsConfig;
  #kernel: kubeProxy.IpvsKernel | undefined;
  #checkedAt: Moment = 0;

  constructor(config: kubeProxy.IpvsConfig) {
    this.#config = config;
  }

  /** One sync of kube-proxy. Returns the rules that go with it. */
  sync(services: ServiceTable, facts: NodeFacts, conntrack: ConntrackTable, at: Moment): Ruleset {
    const before = this.#kernel && { ...this.#kernel, servers: this.counted(conntrack, at) };
    this.#kernel = kubeProxy.syncIpvsKernel(before, services, facts, this.#config);
    this.table.servers = this.#kernel.servers;
    return this.#kernel.ruleset;
  }

  /** kube-proxy's look, when its time has come, at the real servers that wait to go. */
  terminate(conntrack: ConntrackTable, at: Moment): void {
    if (this.#kernel === undefined || at < this.#checkedAt + kubeProxy.TERMINATION_CHECK_MS) return;
    this.#checkedAt = at - (at % kubeProxy.TERMINATION_CHECK_MS);
    if (this.#kernel.terminating.size === 0) return;
    const counted = { ...this.#kernel, servers: this.counted(conntrack, at) };
    this.#kernel = kubeProxy.checkTerminatingServers(counted);
    this.table.servers = this.#kernel.servers;
  }

  hasBound(address: Address): boolean {
    return this.#kernel?.dummyAddresses.has(address) === true;
  }

  /** The virtual servers as `ipvsadm` shows them at that moment. */
  counted(conntrack: ConntrackTable, at: Moment): VirtualServers {
    const { servers } = this.table;
    return conntrack.size === 0 ? servers : serversWithConnections(servers, conntrack, at);
  }
}
