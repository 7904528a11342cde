/**
 * One node's kube-proxy in IPVS mode, sync by sync. Every sync is a full one: virtual servers, sets, rules, then the dummy
 * device. The device takes the Services' addresses, without which the kernel would not hand their packets to IPVS.
 *
 * Source: kubernetes pkg/proxy/ipvs/proxier.go (syncProxyRules).
 */
import type { FiledPort, NodeFacts, VirtualServers } from '../../../src/dataplane/index.ts';
import type { Address, Key } from '../../../src/model/index.ts';
import { ChangeTracker, type ProxiedObjects } from '../change-tracker.ts';
import { type HealthCheck, healthCheckOf } from '../health-check.ts';
import {
  defaultMarkFormat,
  EMPTY_TABLES,
  ensureJump,
  isRestoreError,
  type KernelTables,
  type MarkFormat,
  restore,
} from '../iptables/index.ts';
import type { IpvsConfig } from './config.ts';
import { ipvsNode, isListed } from './node.ts';
import { ipvsJumpText, ipvsRestoreInput } from './restore-text.ts';
import { IPVS_JUMPS, type IpvsChains, ipvsChains } from './rules.ts';
import { type IpvsNode, type PortWants, wantsOf } from './service-port.ts';
import { type KubeProxySets, setBits, setsOf } from './sets.ts';
import { NO_SERVERS, type ServersState, ServersWork } from './virtual-servers.ts';

/** What a kube-proxy remembers between syncs, and what its node has. */
export interface IpvsProxierState extends ServersState {
  readonly tables: KernelTables;
  readonly tracker: ChangeTracker;
  /** undefined before the first sync */
  readonly sets: KubeProxySets | undefined;
  /** on kube-ipvs0 */
  readonly dummyAddresses: ReadonlySet<Address>;
  readonly healthCheck: HealthCheck;
}

/** What one sync is given. */
export interface IpvsSyncInput extends ProxiedObjects {
  readonly node: NodeFacts;
  readonly config: IpvsConfig;
  /** see `ipvsNode` */
  readonly interfaceAddresses?: readonly Address[];
  /** how the masquerade mark is written; `0x00004000` unless told otherwise */
  readonly markFormat?: MarkFormat;
}

export interface IpvsSyncResult {
  readonly state: IpvsProxierState;
  readonly updatedServices: readonly Key[];
  readonly conntrackCleanupRequired: boolean;
  /** the text handed to iptables-restore */
  readonly restoreInput: string;
  /** the restore failed: rules and the dummy device's superfluous addresses are as they were */
  readonly error?: string;
  readonly sets: KubeProxySets;
  readonly chains: IpvsChains;
}

export function newIpvsProxier(
  config: IpvsConfig,
  tables: KernelTables = EMPTY_TABLES,
  servers: VirtualServers = NO_SERVERS.servers,
): IpvsProxierState {
  return {
    tables,
    servers,
    terminating: new Map(),
    tracker: ChangeTracker.empty(config.family),
    sets: undefined,
    dummyAddresses: new Set(),
    healthCheck: { healthCheckNodePorts: {}, localReadyEndpoints: {} },
  };
}

/** The addresses of kube-ipvs0 as kube-proxy lists them, in no order. */
export function listedAddresses({ dummyAddresses }: IpvsProxierState): readonly Address[] {
  return [...dummyAddresses].filter(isListed);
}

/** What these ports want, one after another. kube-proxy goes through them in no order (a Go map); here by name. */
export function gather(ports: readonly FiledPort[], node: IpvsNode, config: IpvsConfig): PortWants {
  const wants = ports.map(({ port }) => wantsOf(port, node, config));
  return {
    entries: wants.flatMap(({ entries }) => entries),
    servers: wants.flatMap(({ servers }) => servers),
    blockedFromNode: wants.flatMap(({ blockedFromNode }) => blockedFromNode),
  };
}

function ensureJumps(tables: KernelTables): KernelTables {
  return IPVS_JUMPS.reduce((ensured, jump) => ensureJump(ensured, { ...jump, rule: ipvsJumpText(jump) }), tables);
}

/** Addresses are only taken off the device where kube-proxy lists them. */
function dummyAddresses(before: ReadonlySet<Address>, binds: ReadonlySet<Address>): ReadonlySet<Address> {
  return new Set([...[...before].filter((address) => binds.has(address) || !isListed(address)), ...binds]);
}

/** One sync. Always returns a state to go on with, also where the restore failed. */
export function syncIpvsProxyRules(before: IpvsProxierState, input: IpvsSyncInput): IpvsSyncResult {
  const { config, markFormat = defaultMarkFormat } = input;
  const { tracker, updatedServices, conntrackCleanupRequired } = before.tracker.update(input);
  const node = ipvsNode(input.node, config, input.interfaceAddresses);
  const gathered = gather(tracker.services.ports(config.family), node, config);
  const { servers, blockedFromNode } = gathered;
  const binds = new Set(servers.flatMap((wanted) => (wanted.binds ? [wanted.server.address] : [])));
  const sets = setsOf(gathered.entries, config.setFamily);
  const work = new ServersWork(before);
  const first = before.sets === undefined;
  const wanted = new Set(servers.map((server) => work.ensure(server, first)));
  const podCidr =
    config.localDetector.mode === 'NodeCIDR'
      ? input.node.podCidrs.find((cidr) => cidr.family === config.family)
      : undefined;
  const empty = setBits((key) => sets[key].entries.size === 0);
  const chains = ipvsChains({ empty, config, podCidr, blockedFromNode });
  const restoreInput = ipvsRestoreInput(chains, config.family, markFormat);
  const tables = ensureJumps(before.tables);
  const restored = restore(tables, restoreInput);
  const result = { updatedServices, conntrackCleanupRequired, restoreInput, sets, chains };
  const done = { ...before, tracker, sets };
  if (isRestoreError(restored)) {
    const error = `line ${restored.line}: ${restored.message}`;
    const bound = new Set([...before.dummyAddresses, ...binds]);
    return { ...result, error, state: { ...done, ...work.state(), tables, dummyAddresses: bound } };
  }
  work.deleteOthers(wanted, config);
  const healthCheck = healthCheckOf(tracker, input.node, config.family);
  const bound = dummyAddresses(before.dummyAddresses, binds);
  return {
    ...result,
    state: { ...done, ...work.state(), tables: restored, dummyAddresses: bound, healthCheck },
  };
}

/** What kube-proxy does each TERMINATION_CHECK_MS, between syncs. */
export function checkTerminating(state: IpvsProxierState): IpvsProxierState {
  const work = new ServersWork(state);
  work.checkTerminating();
  return { ...state, ...work.state() };
}
