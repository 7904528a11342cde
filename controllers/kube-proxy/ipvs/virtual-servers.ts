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
import { contains, familyOf, formatEndpoint, UDP } from '../../../src/model/index.ts';
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

/** A virtual server as the kernel shows it: with the connections of its real servers. */
export type Counted = (server: VirtualServer) => VirtualServer;

export const NO_SERVERS: ServersState = { servers: new Map(), terminating: new Map() };

function isSameServer(a: VirtualServer, b: WantedServer['server']): boolean {
  return a.scheduler === b.scheduler && a.flags === b.flags && a.timeoutSeconds === b.timeoutSeconds;
}

/** The servers while they are being changed. */
export class ServersWork {
  readonly #servers: Map<string, VirtualServer>;
  readonly #terminating: Map<string, TerminatingServer>;
  readonly #counted: Counted;

  /** `counted` is asked where a real server is to go; the servers may have been counted before */
  constructor({ servers, terminating }: ServersState, counted: Counted = (server) => server) {
    this.#counted = counted;
    this.#servers = new Map(servers);
    this.#terminating = new Map(terminating);
  }

  state(): ServersState {
    return { servers: this.#servers, terminating: this.#terminating };
  }

  /** `first`: the first sync after a start, when weights are set right that a kube-proxy before may have left at 0. */
  ensure({ server, endpoints }: WantedServer, first: boolean): string {
    const name = virtualServerName(server);
    const before = this.#servers.get(name);
    if (before === undefined) this.#servers.set(name, { ...server, realServers: new Map() });
    else if (!isSameServer(before, server)) this.#servers.set(name, { ...server, realServers: before.realServers });
    const current = new Set(before?.realServers.keys());
    const wanted = new Set(endpoints.map(({ text }) => text));
    for (const endpoint of endpoints) this.#ensureReal(name, endpoint, current.has(endpoint.text), first);
    for (const real of current) if (!wanted.has(real)) this.#terminate(name, real);
    return name;
  }

  /** Deletes the virtual servers of the proxy's family that nobody wants, but for those that are not its own. */
  deleteOthers(wanted: ReadonlySet<string>, { family, excludeCidrs }: IpvsConfig): void {
    for (const [name, { address }] of this.#servers) {
      const isOurs = familyOf(address) === family && !excludeCidrs.some((cidr) => contains(cidr, address));
      if (isOurs && !wanted.has(name)) this.#servers.delete(name);
    }
  }

  /** The same, where it is known which were wanted before. */
  deleteThose(before: readonly WantedServer[], wanted: ReadonlySet<string>, { excludeCidrs }: IpvsConfig): void {
    for (const { server } of before) {
      const name = virtualServerName(server);
      const isOurs = !excludeCidrs.some((cidr) => contains(cidr, server.address));
      if (isOurs && !wanted.has(name)) this.#servers.delete(name);
    }
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
    return this.#servers.get(name)?.realServers ?? new Map();
  }

  #setReal(name: string, realServers: ReadonlyMap<string, RealServer>): void {
    const server = this.#servers.get(name);
    if (server !== undefined) this.#servers.set(name, { ...server, realServers });
  }

  #ensureReal(name: string, { address, port, text }: ServiceEndpoint, isThere: boolean, first: boolean): void {
    const key = `${name}/${text}`;
    if (isThere) {
      if (first) this.#setWeight(name, text, 1);
      // One that waits to go and is wanted again is deleted and added afresh: its old connections end.
      if (!this.#terminating.delete(key)) return;
      this.#deleteReal(name, text);
    }
    const fresh = { address, port, weight: 1, activeConnections: 0, inactiveConnections: 0 };
    // The kernel puts a new real server first.
    this.#setReal(name, new Map([[formatEndpoint(address, port), fresh], ...this.#real(name)]));
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
    const { activeConnections, inactiveConnections } = this.#counted(server).realServers.get(real)!;
    if (activeConnections + inactiveConnections > 0 && server.protocol !== UDP) return false;
    this.#deleteReal(name, real);
    return true;
  }
}
