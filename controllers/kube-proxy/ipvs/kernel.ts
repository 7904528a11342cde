/**
 * What one node's kernel holds once its kube-proxy has synced a version of the table of Services in IPVS mode. Unlike the rules
 * of other modes it depends on what was there before: on the order in which real servers came, and on those that wait to go.
 *
 * kube-proxy goes through all Services at every sync. Here a sync looks at those that changed, and comes to the same: what a
 * Service put into sets is counted, so that it stays as long as another Service wants it too. Where two Services claim one
 * address the last has it, and the sync is a full one.
 */
import type { FiledPort, NodeFacts, Ruleset, ServiceTable, VirtualServers } from '../../../src/dataplane/index.ts';
import { type Address, familyOf } from '../../../src/model/index.ts';
import type { IpvsConfig } from './config.ts';
import { ipvsNode, isListed } from './node.ts';
import { type Gathered, gather } from './proxier.ts';
import { ipvsChains } from './rules.ts';
import { ipvsRuleset } from './ruleset.ts';
import type { IpvsNode } from './service-port.ts';
import { CountedSets, type KubeProxySets } from './sets.ts';
import { type Counted, NO_SERVERS, type ServersState, ServersWork } from './virtual-servers.ts';

/** What was synced last. */
interface Synced {
  readonly services: ServiceTable;
  readonly facts: NodeFacts;
  readonly node: IpvsNode;
}

export class IpvsKernel {
  readonly #config: IpvsConfig;
  readonly #work: ServersWork;
  readonly #dummyAddresses = new Set<Address>();
  #synced: Synced | undefined;
  #sets: CountedSets;
  #blocked: Gathered['blockedFromNode'] = [];
  /** undefined where the sets have changed since it was made */
  #ruleset: Ruleset | undefined;

  /** `counted`: a virtual server with its connections counted, for a real server goes at once only when it has none */
  constructor(config: IpvsConfig, counted: Counted = (server) => server) {
    this.#config = config;
    this.#work = new ServersWork(NO_SERVERS, counted);
    this.#sets = new CountedSets(config.setFamily);
  }

  /** as they are now, and go on to be */
  get servers(): VirtualServers {
    return this.#work.state().servers;
  }

  get terminating(): ServersState['terminating'] {
    return this.#work.state().terminating;
  }

  get sets(): KubeProxySets {
    return this.#sets.sets;
  }

  /** on kube-ipvs0: the kernel takes them for the node's own */
  get dummyAddresses(): ReadonlySet<Address> {
    return this.#dummyAddresses;
  }

  /** One sync. Returns the rules that go with it: the very ones from before where no set changed. */
  sync(services: ServiceTable, facts: NodeFacts): Ruleset {
    const before = this.#synced?.facts === facts ? this.#synced : undefined;
    const node = before?.node ?? ipvsNode(facts, this.#config);
    if (before === undefined || !this.#syncChanges(before, services)) this.#syncAll(services, node);
    this.#synced = { services, facts, node };
    this.#ruleset ??= this.#makeRuleset(facts);
    return this.#ruleset;
  }

  /** What kube-proxy does each TERMINATION_CHECK_MS, between syncs. */
  checkTerminating(): void {
    this.#work.checkTerminating();
  }

  #syncAll(services: ServiceTable, node: IpvsNode): void {
    const all = gather(services.ports(this.#config.family), node, this.#config);
    this.#sets = new CountedSets(this.#config.setFamily);
    this.#sets.change([], all.entries);
    const wanted = new Set(all.servers.map((server) => this.#work.ensure(server, this.#synced === undefined)));
    this.#work.deleteOthers(wanted, this.#config);
    this.#rebind(this.#dummyAddresses, all.binds);
    this.#blocked = all.blockedFromNode;
    this.#ruleset = undefined;
  }

  /** False, and nothing done, where only a full sync comes to the right end. */
  #syncChanges({ services: earlier, node }: Synced, services: ServiceTable): boolean {
    const keys = services.changedSince(earlier);
    if (keys === undefined) return false;
    const changed = [...keys].sort();
    const was = this.#portsOf(earlier, changed);
    const is = this.#portsOf(services, changed);
    const contested =
      was.some((filed) => isContested(filed, earlier)) || is.some((filed) => isContested(filed, services));
    if (contested) return false;
    const before = gather(was, node, this.#config);
    const after = gather(is, node, this.#config);
    if (before.blockedFromNode.length > 0 || after.blockedFromNode.length > 0) return false;
    if (this.#sets.change(before.entries, after.entries)) this.#ruleset = undefined;
    const wanted = new Set(after.servers.map((server) => this.#work.ensure(server, false)));
    this.#work.deleteThose(before.servers, wanted, this.#config);
    this.#rebind(before.binds, after.binds);
    return true;
  }

  #portsOf(services: ServiceTable, keys: readonly string[]): readonly FiledPort[] {
    const ports = keys.flatMap((key) => services.filed(key));
    return ports.filter(({ port }) => familyOf(port.clusterIP) === this.#config.family);
  }

  /** Addresses that nobody wants on the dummy device any more are taken off it: of those only which kube-proxy lists. */
  #rebind(before: ReadonlySet<Address>, after: ReadonlySet<Address>): void {
    for (const address of [...before])
      if (isListed(address) && !this.#sets.binds(address)) this.#dummyAddresses.delete(address);
    for (const address of after) this.#dummyAddresses.add(address);
  }

  #makeRuleset({ podCidrs }: NodeFacts): Ruleset {
    const { family, localDetector } = this.#config;
    const podCidr = localDetector.mode === 'NodeCIDR' ? podCidrs.find((cidr) => cidr.family === family) : undefined;
    const chains = ipvsChains({ sets: this.sets, config: this.#config, podCidr, blockedFromNode: this.#blocked });
    return ipvsRuleset(chains, family);
  }
}

/** Whether another service port claims one of its addresses, with its port and protocol, too. */
function isContested({ port }: FiledPort, services: ServiceTable): boolean {
  const { clusterIP, externalIPs, loadBalancerVIPs, nodePort, protocol } = port;
  const contested = (address: Address) => services.at(address, port.port, protocol).length > 1;
  if (nodePort !== 0 && services.atNodePort(familyOf(clusterIP), nodePort, protocol).length > 1) return true;
  return contested(clusterIP) || externalIPs.some(contested) || loadBalancerVIPs.some(contested);
}
