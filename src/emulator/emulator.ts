/**
 * The composition root: one emulated cluster. It owns the store, the clock, the dice and the programs, and is the only
 * place where time passes.
 *
 * ```text
 *   user ---> apiserver ---> store ---watch---> programs (informers, queues, controllers)
 *                 ^                                  |
 *                 +------------- commit <------------+---> dataplane <--- walk <--- packets of pods and nodes
 * ```
 */
import type { Observable } from 'rxjs';
import { azure, controllersFor, coredns } from '../../controllers/index.ts';
import { Apiserver, type DeleteOptions, type Outcome, type RequestContext } from '../apiserver/index.ts';
import { type Dataplane, GatheredDataplane, type Program } from '../dataplane/index.ts';
import {
  addressOf,
  type ClusterSettings,
  type Dice,
  type DnsMessage,
  type Key,
  KIND_INFO,
  KINDS,
  type Kind,
  type KubernetesObject,
  type Moment,
  type ObjectOf,
} from '../model/index.ts';
import type { World } from '../packet/index.ts';
import { Store } from '../store/index.ts';
import { Aks, type AksOperation, type AksRefusal, type Machinery } from './aks.ts';
import { bootstrapFiles, bootstrapManifests } from './bootstrap.ts';
import { VirtualClock } from './clock.ts';
import { Cloud, type CloudParts } from './cloud/cloud.ts';
import { NetworkWatcher } from './cloud/network-watcher.ts';
import { PROBES_LONGEST_MS } from './cloud/probes.ts';
import { COMPACT_EVERY_MS, compactRegularly } from './compaction.ts';
import type {
  DnsQueryRequest,
  Fault,
  Happening,
  ResolveRequest,
  ResolveResult,
  SendRequest,
  SendResult,
  SettleReport,
} from './contract.ts';
import { SeededDice } from './dice.ts';
import { type DumpKind, dump } from './dump.ts';
import { inflict } from './fault-effects.ts';
import { describeFault } from './faults.ts';
import { type MachineryParts, machineryOf } from './machinery.ts';
import { NodeNetworks } from './node-networks.ts';
import { NodePools } from './node-pool.ts';
import { Observers } from './observers.ts';
import { Programs } from './programs.ts';
import { ServiceVersions } from './service-versions.ts';
import { Traffic } from './traffic.ts';

/** A cluster is settled when nothing has changed for this long and nothing is due within it. */
export const QUIET_MS = 60_000;
/** Clock actions that one settle may take; more means that two controllers undo each other's work. */
export const SETTLE_ACTIONS_MAX = 50_000_000;

export interface EmulatorOptions {
  readonly seed: number;
  /** each watch delivery takes up to this much longer, by the dice; 0 by default */
  readonly jitterMs?: number;
}

export class Emulator {
  readonly settings: ClusterSettings;
  readonly store = new Store<KubernetesObject>();
  readonly apiserver: Apiserver;
  readonly #clock = new VirtualClock();
  readonly #dice: Dice;
  readonly #requestDice: Dice;
  readonly #observers: Observers;
  readonly #programs: Programs;
  readonly #pools: NodePools;
  readonly #machinery: Machinery;
  readonly #aks: Aks;
  readonly #services: ServiceVersions;
  readonly #networks: NodeNetworks;
  readonly #traffic: Traffic;
  readonly #cloud: Cloud | undefined;
  readonly #dataplane = new GatheredDataplane();
  /** the last moment at which something other than an Event changed */
  #changedAt: Moment = 0;

  constructor(settings: ClusterSettings, options: EmulatorOptions) {
    this.settings = settings;
    this.#dice = new SeededDice(options.seed);
    this.#requestDice = this.#dice.split('apiserver');
    const { serviceCidr, serviceCidrs = [] } = settings.networkProfile;
    this.apiserver = new Apiserver(this.store, { serviceCidrs: [serviceCidr, ...serviceCidrs.slice(1)] });
    this.#observers = new Observers(this.store, () => this.now);
    this.#pools = new NodePools(settings);
    // What a load balancer's probes have not noticed yet is a while ago.
    this.#services = new ServiceVersions(settings.azure === undefined ? 0 : PROBES_LONGEST_MS);
    this.#machinery = machineryOf(this.#machineryParts(this.#pools));
    this.#aks = new Aks(settings, this.#machinery);
    this.#cloud = settings.azure && new Cloud(settings, settings.azure, this.#cloudParts());
    this.#programs = new Programs({
      controllers: controllersFor(settings),
      store: this.store,
      clock: this.#clock,
      jitterMs: options.jitterMs ?? 0,
      dice: this.#dice,
      observer: this.#observers,
      started: (name) => {
        if (name === 'coredns') this.#traffic.syncChanged();
      },
      targets: {
        apiserver: this.apiserver,
        dataplane: () => this.#dataplane.current,
        program: (change) => this.#program(change),
        context: () => this.#request(),
        cloud: this.#cloud?.operations,
      },
    });
    const now = () => this.now;
    const dataplane = () => this.dataplane;
    const hostNetworkNodeOf = (key: Key) => {
      const pod = this.get('Pod', key);
      return pod?.spec.hostNetwork === true ? pod.spec.nodeName : undefined;
    };
    const around = { cloud: this.#cloud };
    this.#networks = new NodeNetworks({
      settings,
      services: this.#services,
      dataplane,
      now,
      hostNetworkNodeOf,
      ...around,
    });
    this.#traffic = new Traffic({
      settings,
      networks: this.#networks,
      dataplane,
      now,
      wait: (ms) => void this.advance(ms),
      dice: this.#dice,
      kubelet: () => this.#programs.named('kubelet').view,
      pod: (key) => this.get('Pod', key),
      node: (name) => this.get('Node', name),
      later: (ms, action) => void this.#clock.schedule(action, ms),
      synced: () => this.#programs.isRunning('coredns'),
      program: (change) => this.#program(change),
      log: (pod, line) => this.#observers.tell({ what: 'log', at: this.now, program: `pod/${pod}`, line }),
    });
    for (const kind of KINDS) {
      if (kind === 'Event') continue;
      this.store.watch(`${KIND_INFO[kind].plural}/`).subscribe(() => {
        this.#changedAt = this.now;
      });
    }
  }

  #cloudParts(): CloudParts {
    return {
      clock: this.#clock,
      changed: () => {
        this.#changedAt = this.now;
      },
      poolsChanged: () => this.#wakeNodes(azure.NODE_BACKEND_POOL_CONTROLLER),
      routesChanged: () => this.#programs.named('cloud-controller-manager').wake(azure.ROUTE_CONTROLLER, azure.ROUTES),
      addresses: this.#pools,
      probes: {
        now: () => this.now,
        servicesAt: (moment) => this.#services.at(moment),
        nodeAt: (address) => this.dataplane.node.at(addressOf(address)),
      },
    };
  }

  #machineryParts(pools: NodePools): MachineryParts {
    return {
      emulator: this,
      pools,
      createNode: (manifest) => this.#mustCreate(manifest),
      deleteNode: (name) => {
        this.#observers.writer = 'aks';
        this.apiserver.delete('Node', name, {}, this.#request());
      },
      program: (change) => this.#program(change),
      current: () => this.#dataplane.current,
      reconfigure: (changed) => this.#networks.reconfigure(changed),
    };
  }

  get now(): Moment {
    return this.#clock.now();
  }

  get dataplane(): Dataplane {
    return this.#dataplane.root;
  }

  /** the hosts as they are now, for packets that are sent by hand; a change of the dataplane makes a new world */
  get world(): World {
    return this.#networks.world();
  }

  /** what Azure can be asked of its machines; undefined where the settings put no Azure around them */
  get networkWatcher(): NetworkWatcher | undefined {
    return this.#cloud && new NetworkWatcher(this.#cloud.surroundings());
  }

  /** Azure around the cluster, where it has one */
  get cloud(): Cloud | undefined {
    return this.#cloud;
  }

  /** the programs that run in the cluster, by name */
  get programs(): readonly string[] {
    return this.#programs.names;
  }

  /** everything that happens from the first subscription on; subscribe before `boot` to miss nothing */
  get happenings(): Observable<Happening> {
    return this.#observers.happenings;
  }

  /** Brings the cluster up: namespaces, the apiserver's own Service, the nodes, and the system pods as on AKS. */
  boot(): void {
    this.#cloud?.boot(this.store);
    for (const change of bootstrapFiles(this.settings)) this.#program(change);
    for (const manifest of bootstrapManifests(this.settings)) this.#mustCreate(manifest);
    for (const { name, count } of this.settings.agentPoolProfiles) this.scaleNodePool(name, count);
    if (this.settings.systemPods) {
      for (const manifest of coredns.corednsManifests(this.settings.networkProfile)) this.#mustCreate(manifest);
    }
    this.#programs.start();
    this.#clock.schedule(compactRegularly(this.store), COMPACT_EVERY_MS);
  }

  /** Applies manifests in order, as `kubectl apply` does. Each outcome stands for itself. */
  apply(manifests: readonly unknown[]): readonly Outcome<KubernetesObject>[] {
    return manifests.map((manifest) => this.#asUser(() => this.apiserver.apply(manifest, this.#request())));
  }

  remove(kind: Kind, key: Key, options: DeleteOptions = {}): Outcome<KubernetesObject> {
    return this.#asUser(() => this.apiserver.delete(kind, key, options, this.#request()));
  }

  scale(kind: 'Deployment' | 'ReplicaSet', key: Key, replicas: number): Outcome<KubernetesObject> {
    return this.#asUser(() => this.apiserver.scale(kind, key, replicas, this.#request()));
  }

  /** A JSON merge patch (RFC 7386), of the status where `status` is set. */
  patch(kind: Kind, key: Key, patch: object, options: { readonly status?: boolean } = {}): Outcome<KubernetesObject> {
    return this.#asUser(() => this.apiserver.patch(kind, key, patch, options, this.#request()));
  }

  cordon(node: string, on: boolean): Outcome<KubernetesObject> {
    return this.patch('Node', node, { spec: { unschedulable: on ? true : null } });
  }

  /** Adds machines to an agent pool or takes them away, the newest first. */
  scaleNodePool(pool: string, count: number): void {
    this.#machinery.resize(pool, count);
  }

  /** Asks AKS for something: what it says where it refuses. Throws a `NoSuchTargetError` where there is no such node. */
  operate(operation: AksOperation): AksRefusal | undefined {
    return this.#aks.operate(operation);
  }

  get<K extends Kind>(kind: K, key: Key): ObjectOf<K> | undefined {
    return this.apiserver.get(kind, key) as ObjectOf<K> | undefined;
  }

  list<K extends Kind>(kind: K, namespace?: string): readonly ObjectOf<K>[] {
    return this.apiserver.list(kind, namespace) as readonly ObjectOf<K>[];
  }

  /** Lets virtual time run until nothing has changed for `QUIET_MS` and nothing is due within it. */
  settle(): SettleReport {
    const reconcilesBefore = this.#programs.reconciles;
    this.#changedAt = this.now;
    let actions = 0;
    for (
      let next = this.#clock.nextAt();
      next !== undefined && next <= this.#changedAt + QUIET_MS;
      next = this.#clock.nextAt()
    ) {
      this.#clock.runNext();
      if (++actions > SETTLE_ACTIONS_MAX)
        throw new Error(`not settled after ${SETTLE_ACTIONS_MAX} actions: two controllers undo each other's work`);
    }
    return this.#report(reconcilesBefore);
  }

  /** Lets so much virtual time pass. */
  advance(ms: number): SettleReport {
    const reconcilesBefore = this.#programs.reconciles;
    const until = this.now + ms;
    for (let next = this.#clock.nextAt(); next !== undefined && next <= until; next = this.#clock.nextAt())
      this.#clock.runNext();
    this.#clock.jumpTo(until);
    return this.#report(reconcilesBefore);
  }

  /** A process looks a name up. Throws a `NoSuchTargetError` where there is no such process. */
  resolve(request: ResolveRequest): ResolveResult {
    return this.#traffic.resolve(request);
  }

  /** A process asks the cluster's DNS address. Throws a `NoSuchTargetError` where there is no such process. */
  query(request: DnsQueryRequest): DnsMessage | undefined {
    return this.#traffic.query(request);
  }

  /** A process dials an address or a name. Throws a `NoSuchTargetError` where there is no such process. */
  send(request: SendRequest): SendResult {
    return this.#traffic.send(request);
  }

  /** What a real tool would print: of a node, or of `pod/namespace/name` for resolv.conf. */
  dump(kind: DumpKind, target: string): string {
    return dump(kind, target, {
      settings: this.settings,
      dataplane: () => this.dataplane,
      networks: this.#networks,
      traffic: this.#traffic,
      now: () => this.now,
      cloud: this.#cloud,
    });
  }

  inject(fault: Fault): void {
    this.#observers.tell({ what: 'fault', at: this.now, ...describeFault(fault) });
    inflict(fault, {
      now: this.now,
      programs: this.#programs,
      services: this.#services,
      traffic: this.#traffic,
      cloud: this.#cloud,
      program: (change) => this.#program(change),
      dataplane: () => this.#dataplane.current,
      pods: () => this.list('Pod'),
      annotateNode: (node, annotations) => this.patch('Node', node, { metadata: { annotations } }),
    });
  }

  #wakeNodes(controller: string): void {
    const program = this.#programs.named('cloud-controller-manager');
    for (const { metadata } of this.list('Node')) program.wake(controller, metadata.name);
  }

  #report(reconcilesBefore: number): SettleReport {
    return { at: this.now, revision: this.store.revision, reconciles: this.#programs.reconciles - reconcilesBefore };
  }

  #request(): RequestContext {
    return { at: this.now, dice: this.#requestDice };
  }

  #asUser<T>(write: () => T): T {
    this.#observers.writer = 'user';
    return write();
  }

  #mustCreate(manifest: object): void {
    this.#observers.writer = 'aks';
    const outcome = this.apiserver.create(manifest, this.#request());
    if (!outcome.ok) throw new Error(`the cluster does not come up: ${outcome.status.message}`);
  }

  #program(change: Program): void {
    this.#dataplane.change(change);
    if (change.piece === 'service') this.#services.record(this.now, this.#dataplane.current.service);
    if (change.piece === 'file') this.#traffic.filesChanged();
    if (change.piece === 'container') this.#traffic.containerChanged(change.key, change.value);
    this.#changedAt = this.now;
    this.#programs.programmed(change);
  }
}
