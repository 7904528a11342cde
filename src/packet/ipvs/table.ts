/**
 * A host's IPVS of one family while it runs: the virtual servers that kube-proxy set, where their schedulers stand, and which
 * client keeps which real server. How many connections a real server has is read from connection tracking, which
 * kube-proxy has IPVS take part in (net.ipv4.vs.conntrack).
 */
import {
  addressOfNumber,
  BALANCED,
  type Connection,
  type ConntrackTable,
  PERSISTENT,
  type RealServer,
  type VirtualServer,
  type VirtualServers,
  virtualServerName,
} from '../../dataplane/index.ts';
import { type Address, formatEndpoint, type Moment, type ProtocolNumber, UDP } from '../../model/index.ts';
import { type Client, FRESH_STATE, type SchedulerState, schedule } from './scheduler.ts';

/** TCP and SCTP: the state of an open connection in conntrack-states.ts */
const ESTABLISHED = 3;

/** A choice made for a connection, to be remembered when its packet's walk is committed. */
export interface Choice {
  readonly server: string;
  readonly state: SchedulerState;
  /** undefined where the virtual server is not persistent */
  readonly template: { readonly client: Address; readonly realServer: string; readonly expiresAt: Moment } | undefined;
}

interface Template {
  readonly realServer: string;
  readonly expiresAt: Moment;
}

const names = new WeakMap<VirtualServer, string>();

function nameOf(server: VirtualServer): string {
  let name = names.get(server);
  if (name === undefined) names.set(server, (name = virtualServerName(server)));
  return name;
}

export class IpvsTable {
  servers: VirtualServers;
  readonly #states = new Map<string, SchedulerState>();
  /** by virtual server and client */
  readonly #templates = new Map<string, Template>();

  constructor(servers: VirtualServers) {
    this.servers = servers;
  }

  find(address: Address, port: number, protocol: ProtocolNumber): VirtualServer | undefined {
    return this.servers.get(virtualServerName({ address, port, protocol }));
  }

  /** The real server for a new connection, and what is to be remembered of it; undefined where none takes it. */
  choose(
    server: VirtualServer,
    client: Client,
    table: ConntrackTable,
    at: Moment,
  ): { readonly realServer: RealServer; readonly choice: Choice } | undefined {
    const name = nameOf(server);
    const kept = this.#kept(server, name, client, at);
    const before = this.#states.get(name) ?? FRESH_STATE;
    const counted = countsConnections(server) ? connectionCounter(table, at)(server) : server;
    const { realServer, state } =
      kept === undefined ? schedule(counted, before, client) : { realServer: kept, state: before };
    if (realServer === undefined) return undefined;
    return { realServer, choice: { server: name, state, template: templateOf(server, realServer, client, at) } };
  }

  /** A client's real server, as long as it is there and has weight (net.ipv4.vs.expire_quiescent_template). */
  #kept(server: VirtualServer, name: string, { source }: Client, at: Moment): RealServer | undefined {
    if ((server.flags & PERSISTENT) === 0) return undefined;
    const template = this.#templates.get(`${name} ${source}`);
    if (template === undefined || template.expiresAt <= at) return undefined;
    const realServer = server.realServers.get(template.realServer);
    return realServer === undefined || realServer.weight === 0 ? undefined : realServer;
  }

  remember({ server, state, template }: Choice): void {
    this.#states.set(server, state);
    if (template !== undefined) this.#templates.set(`${server} ${template.client}`, template);
  }
}

/** What keeps the client with its real server, where the virtual server is persistent. */
function templateOf(server: VirtualServer, real: RealServer, client: Client, at: Moment): Choice['template'] {
  if ((server.flags & PERSISTENT) === 0) return undefined;
  const expiresAt = at + server.timeoutSeconds * 1000;
  return { client: client.source, realServer: formatEndpoint(real.address, real.port), expiresAt };
}

function countsConnections({ scheduler }: VirtualServer): boolean {
  return scheduler === 'lc' || scheduler === 'wlc' || scheduler === 'sed' || scheduler === 'nq';
}

/** The names of the virtual and the real server that a balanced connection joins. */
function serversOf(
  connection: Connection,
  { family }: ConntrackTable,
): { readonly virtual: string; readonly real: string } {
  const { protocol, destination, ports, replySource, replyPorts } = connection;
  const address = addressOfNumber(family, destination);
  return {
    virtual: virtualServerName({ address, port: ports & 0xffff, protocol }),
    real: formatEndpoint(addressOfNumber(family, replySource), replyPorts >>> 16),
  };
}

function isActive({ protocol, state }: Connection): boolean {
  return protocol === UDP || state === ESTABLISHED;
}

interface Count {
  active: number;
  inactive: number;
}

/** Connections by `VIRTUAL REAL`, all in one go over the table. */
function countConnections(table: ConntrackTable, at: Moment): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const connection of table.connections(at)) {
    if ((connection.status & BALANCED) === 0) continue;
    const { virtual, real } = serversOf(connection, table);
    const key = `${virtual} ${real}`;
    const count = counts.get(key) ?? { active: 0, inactive: 0 };
    count[isActive(connection) ? 'active' : 'inactive']++;
    counts.set(key, count);
  }
  return counts;
}

function withCounts(server: VirtualServer, counts: ReadonlyMap<string, Count>): VirtualServer {
  const virtual = virtualServerName(server);
  const counted = [...server.realServers].map(([real, each]) => {
    const { active = 0, inactive = 0 } = counts.get(`${virtual} ${real}`) ?? {};
    return [real, { ...each, activeConnections: active, inactiveConnections: inactive }] as const;
  });
  return { ...server, realServers: new Map(counted) };
}

/** Counts the connections of a virtual server's real servers: those of all servers at once, when it is first asked. */
export function connectionCounter(table: ConntrackTable, at: Moment): (server: VirtualServer) => VirtualServer {
  let counts: ReadonlyMap<string, Count> | undefined;
  return (server) => {
    if (table.size === 0) return server;
    counts ??= countConnections(table, at);
    return withCounts(server, counts);
  };
}
