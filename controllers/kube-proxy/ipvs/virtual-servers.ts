/**
 * Brings a node's virtual and real servers to what is wanted. A real server that goes keeps the connections that it has: its
 * weight becomes 0, and it is deleted once they are gone. UDP has no such grace.
 *
 * Source: kubernetes pkg/proxy/ipvs/proxier.go (syncService, syncEndpoint, cleanLegacyService), graceful_termination.go.
 */
import {
  type RealServer,
  type ServiceEndpoint,
  type VirtualServer,
  type VirtualServers,
  virtualServerName,
} from '../../../src/dataplane/index.ts';
import { contains, familyOf, UDP } from '../../../src/model/index.ts';
import type { IpvsConfig } from './config.ts';
import type { WantedServer } from './service-port.ts';

/** How often real servers that wait for their connections to end are looked at (rsCheckDeleteInterval). */
export const TERMINATION_CHECK_MS = 60_000;

/** A real server that is to go, by the names of both. */
export interface TerminatingServer {
  readonly virtualServer: string;
  readonly realServer: string;
}

export interface ServersState {
  readonly servers: VirtualServers;
  /** by `VIRTUAL/REAL` */
  readonly terminating: ReadonlyMap<string, TerminatingServer>;
}

/** How many connections a virtual server's real server has, by its `ip:port`; UDP's count for nothing, and are not asked for. */
export type ConnectionsOf = (server: VirtualServer, real: string) => number;

export const NO_SERVERS: ServersState = { servers: new Map(), terminating: new Map() };

/** As they stand beside the real server. */
function listedConnections({ realServers }: VirtualServer, real: string): number {
  const { activeConnections, inactiveConnections } = realServers.get(real)!;
  return activeConnections + inactiveConnections;
}

function isSameServer(a: VirtualServer, b: WantedServer['server']): boolean {
  return a.scheduler === b.scheduler && a.flags === b.flags && a.timeoutSeconds === b.timeoutSeconds;
}

/** Whether both are to the kernel's schedulers one and the same: their real servers stand in one order. */
export function isSameVirtualServer(a: VirtualServer, b: VirtualServer): boolean {
  if (!isSameServer(a, b) || a.realServers.size !== b.realServers.size) return false;
  const others = b.realServers.entries();
  for (const [name, { weight }] of a.realServers) {
    const [otherName, other] = others.next().value!;
    if (name !== otherName || weight !== other.weight) return false;
  }
  return true;
}

/** The servers while they are being changed. */
export class ServersWork {
  readonly #servers: Map<string, VirtualServer>;
  readonly #terminating: Map<string, TerminatingServer>;
  readonly #connectionsOf: ConnectionsOf;

  /** `connectionsOf` is asked where a real server is to go */
  constructor({ servers, terminating }: ServersState, connectionsOf: ConnectionsOf = listedConnections) {
    this.#connectionsOf = connectionsOf;
    this.#servers = new Map(servers);
    this.#terminating = new Map(terminating);
  }

  state(): ServersState {
    return { servers: this.#servers, terminating: this.#terminating };
  }

  /** Puts a virtual server there as it is, in the place of one of that name; takes it away where it is undefined. */
  put(name: string, server: VirtualServer | undefined): void {
    if (server === undefined) this.#servers.delete(name);
    else this.#servers.set(name, server);
  }

  /** `first`: the first sync after a start, when weights are set right that a kube-proxy before may have left at 0. */
  ensure({ server, endpoints }: WantedServer, first: boolean): string {
    const name = virtualServerName(server);
    const before = this.#servers.get(name);
    const realServers = before?.realServers ?? NO_REAL_SERVERS;
    if (before === undefined || !isSameServer(before, server)) this.#servers.set(name, { ...server, realServers });
    const current = [...realServers.keys()];
    this.#ensureReals(name, endpoints, first);
    const wanted = new Set(endpoints.map(({ text }) => text));
    for (const real of current) if (!wanted.has(real)) this.#terminate(name, real);
    return name;
  }

  /** Deletes the virtual servers of the proxy's family that nobody wants, but for those that are not its own. */
  deleteOthers(wanted: ReadonlySet<string>, config: IpvsConfig): void {
    for (const [name, { address }] of this.#servers)
      if (familyOf(address) === config.family && !wanted.has(name)) this.deleteUnwanted(name, config);
  }

  /** Deletes a virtual server that nobody wants, unless it is not the proxy's own. */
  deleteUnwanted(name: string, { excludeCidrs }: IpvsConfig): void {
    const address = this.#servers.get(name)?.address;
    if (address !== undefined && !excludeCidrs.some((cidr) => contains(cidr, address))) this.#servers.delete(name);
  }

  /** Deletes the terminating real servers whose connections have ended. */
  checkTerminating(): void {
    for (const [key, { virtualServer, realServer }] of this.#terminating) {
      // kube-proxy keeps on its list what it can get no answer about from the kernel: a virtual server that is gone.
      if (!this.#servers.has(virtualServer)) continue;
      if (this.#deleteIfIdle(virtualServer, realServer)) this.#terminating.delete(key);
    }
  }

  #real(name: string): ReadonlyMap<string, RealServer> {
    return this.#servers.get(name)?.realServers ?? NO_REAL_SERVERS;
  }

  #setReal(name: string, realServers: ReadonlyMap<string, RealServer>): void {
    const server = this.#servers.get(name);
    if (server !== undefined) this.#servers.set(name, { ...server, realServers });
  }

  #ensureReals(name: string, endpoints: readonly ServiceEndpoint[], first: boolean): void {
    const current = this.#real(name);
    const fresh: (readonly [string, RealServer])[] = [];
    for (const { address, port, text } of endpoints) {
      if (current.has(text)) {
        if (first) this.#setWeight(name, text, 1);
        // One that waits to go and is wanted again is deleted and added afresh: its old connections end.
        if (!this.#terminating.delete(`${name}/${text}`)) continue;
        this.#deleteReal(name, text);
      }
      fresh.push([text, { address, port, weight: 1, activeConnections: 0, inactiveConnections: 0 }]);
    }
    // The kernel puts a new real server first.
    if (fresh.length > 0) this.#setReal(name, new Map([...fresh.reverse(), ...this.#real(name)]));
  }

  #setWeight(name: string, real: string, weight: number): void {
    const before = this.#real(name).get(real);
    if (before !== undefined) this.#setReal(name, new Map(this.#real(name)).set(real, { ...before, weight }));
  }

  #deleteReal(name: string, real: string): void {
    const left = new Map(this.#real(name));
    left.delete(real);
    this.#setReal(name, left);
  }

  #terminate(name: string, real: string): void {
    const key = `${name}/${real}`;
    if (this.#terminating.has(key) || this.#deleteIfIdle(name, real)) return;
    this.#setWeight(name, real, 0);
    this.#terminating.set(key, { virtualServer: name, realServer: real });
  }

  /** Whether the real server is gone now, or was. */
  #deleteIfIdle(name: string, real: string): boolean {
    const server = this.#servers.get(name);
    if (server?.realServers.has(real) !== true) return true;
    if (server.protocol !== UDP && this.#connectionsOf(server, real) > 0) return false;
    this.#deleteReal(name, real);
    return true;
  }
}

const NO_REAL_SERVERS: ReadonlyMap<string, RealServer> = new Map();
