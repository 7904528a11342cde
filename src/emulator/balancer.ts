/**
 * A node's IPVS from sync to sync: what kube-proxy has set, and the connections that the kernel counts. A real server that
 * goes waits for its connections to end, and kube-proxy looks after it once a minute.
 */
import { kubeProxy } from '../../controllers/index.ts';
import type {
  ConntrackTable,
  NodeFacts,
  Ruleset,
  ServiceTable,
  VirtualServerAddress,
  VirtualServers,
} from '../dataplane/index.ts';
import type { Moment } from '../model/index.ts';
import { ConnectionCounter, IpvsTable } from '../packet/index.ts';

export class Balancer {
  readonly table: IpvsTable;
  readonly #kernel: kubeProxy.IpvsKernel;
  readonly #conntrack: ConntrackTable;
  #counter: ConnectionCounter;
  #checkedAt: Moment = 0;

  constructor(config: kubeProxy.IpvsConfig, conntrack: ConntrackTable) {
    this.#conntrack = conntrack;
    this.#counter = new ConnectionCounter(conntrack, 0);
    this.#kernel = new kubeProxy.IpvsKernel(config, (server, real) => this.#connectionsOf(server, real));
    this.table = new IpvsTable(this.#kernel);
  }

  /** One sync of kube-proxy. Returns the rules that go with it. */
  sync(services: ServiceTable, facts: NodeFacts, at: Moment): Ruleset {
    this.#counter = new ConnectionCounter(this.#conntrack, at);
    return this.#kernel.sync(services, facts);
  }

  /** kube-proxy's look, when its time has come, at the real servers that wait to go. */
  terminate(at: Moment): void {
    if (at < this.#checkedAt + kubeProxy.TERMINATION_CHECK_MS) return;
    this.#checkedAt = at - (at % kubeProxy.TERMINATION_CHECK_MS);
    if (this.#kernel.terminating.size === 0) return;
    this.#counter = new ConnectionCounter(this.#conntrack, at);
    this.#kernel.checkTerminating();
  }

  /** The virtual servers as `ipvsadm` shows them at that moment. */
  counted(at: Moment): VirtualServers {
    const counter = new ConnectionCounter(this.#conntrack, at);
    return new Map([...this.#kernel.servers].map(([name, server]) => [name, counter.counted(server)]));
  }

  #connectionsOf(server: VirtualServerAddress, real: string): number {
    const { active, inactive } = this.#counter.of(server, real);
    return active + inactive;
  }
}
