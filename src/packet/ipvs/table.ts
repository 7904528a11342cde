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
  type IpvsState,
  numberOfAddress,
  PERSISTENT,
  type RealServer,
  type VirtualServer,
  type VirtualServerAddress,
  virtualServerName,
} from '../../dataplane/index.ts';
import { type Address, type Family, familyOf, formatEndpoint, type Moment, UDP } from '../../model/index.ts';
import { type DestinationRows, IDLE, NOTHING, NUMBER, ROW_WORDS, TURNS } from './destination-rows.ts';
import { Destinations, placeOf } from './destinations.ts';
import { type Client, FRESH_STATE, realServersOf, type SchedulerState, schedule } from './scheduler.ts';
import { Turns } from './turns.ts';

/** TCP and SCTP: the state of an open connection in conntrack-states.ts */
const ESTABLISHED = 3;

/** A virtual server's row, and where that is kept. */
interface Destination {
  readonly rows: DestinationRows;
  readonly row: number;
}

/** A choice made for a connection, to be remembered when its packet's walk is committed. */
export interface Choice extends Destination {
  /** of the real server, as its number */
  readonly address: number;
  readonly port: number;
  /** rr: the real server's position; -1 where it took no turn */
  readonly position: number;
  /** undefined where there is no more to remember */
  readonly more: Remembered | undefined;
}

interface Remembered {
  /** where a scheduler other than rr stands now */
  readonly state?: SchedulerState;
  /** what keeps the client with its real server, where the virtual server is persistent */
  readonly template?: Template;
}

interface Template {
  readonly client: Address;
  readonly realServer: string;
  readonly expiresAt: Moment;
}

export class IpvsTable {
  readonly state: IpvsState;
  readonly #family: Family;
  readonly #destinations: Destinations;
  readonly #turns = new Turns();
  /** by the numbers of virtual servers */
  readonly #schedulers: (SchedulerState | undefined)[] = [];
  /** by virtual server and client */
  readonly #templates = new Map<string, Template>();

  constructor(state: IpvsState) {
    this.state = state;
    this.#family = state.family;
    this.#destinations = new Destinations(state);
  }

  /** Whether the host has taken this address for its own. */
  hasBound(address: Address): boolean {
    if (familyOf(address) !== this.#family) return false;
    return this.#destinations.isBound(numberOfAddress(address));
  }

  /** See `IpvsState.setsAt`; the address by its number. */
  setsAt(address: number, port: number, protocol: number): number {
    return this.#destinations.setsAt(address, (port << 8) | protocol);
  }

  /** The virtual server there, by the number of its row: good for `choose` until the next question. */
  find(address: number, port: number, protocol: number): number | undefined {
    const row = this.#destinations.find(address, (port << 8) | protocol);
    return row === IDLE || row === NOTHING ? undefined : row;
  }

  /** The real server for a new connection, and what is to be remembered of it; undefined where none takes it. */
  choose(found: number, client: Client, table: ConntrackTable, at: Moment): Choice | undefined {
    const rows = this.#destinations.rowsOf(found);
    const row = placeOf(found);
    const { words } = rows;
    if (words[row + TURNS] === 0) return this.#chooseBySchedule({ rows, row }, client, table, at);
    const position = this.#turns.next(rows, row);
    const turn = row + ROW_WORDS + 2 * position;
    return { rows, row, address: words[turn]!, port: words[turn + 1]!, position, more: undefined };
  }

  #chooseBySchedule(destination: Destination, client: Client, table: ConntrackTable, at: Moment): Choice | undefined {
    const server = destination.rows.server(destination.row);
    if ((server.flags & PERSISTENT) === 0) return this.#scheduled(destination, client, table, at)?.choice;
    const kept = this.#kept(server, numberOf(destination), client.source, at);
    const { realServer, choice } =
      kept === undefined
        ? (this.#scheduled(destination, client, table, at) ?? {})
        : { realServer: kept, choice: choiceOf(destination, kept) };
    if (choice === undefined || realServer === undefined) return undefined;
    return { ...choice, more: { ...choice.more, template: templateOf(server, realServer, client.source, at) } };
  }

  #scheduled(destination: Destination, client: Client, table: ConntrackTable, at: Moment) {
    const { rows, row } = destination;
    const server = rows.server(row);
    if (server.scheduler === 'rr') {
      const position = this.#turns.next(rows, row);
      const realServer = realServersOf(server)[position];
      return realServer && { realServer, choice: { ...choiceOf(destination, realServer), position } };
    }
    const before = this.#schedulers[numberOf(destination)] ?? FRESH_STATE;
    const { realServer, state } = countsConnections(server)
      ? schedule(new ConnectionCounter(table, at).counted(server), before, client)
      : schedule(server, before, client);
    return realServer && { realServer, choice: { ...choiceOf(destination, realServer), more: { state } } };
  }

  /** A client's real server, as long as it is there and has weight (net.ipv4.vs.expire_quiescent_template). */
  #kept(server: VirtualServer, number: number, client: Address, at: Moment): RealServer | undefined {
    const template = this.#templates.get(`${number} ${client}`);
    if (template === undefined || template.expiresAt <= at) return undefined;
    const realServer = server.realServers.get(template.realServer);
    return realServer === undefined || realServer.weight === 0 ? undefined : realServer;
  }

  remember(choice: Choice): void {
    const { rows, row, position, more } = choice;
    if (position >= 0) this.#turns.took(rows, row, position);
    if (more === undefined) return;
    const { state, template } = more;
    if (state !== undefined) this.#schedulers[numberOf(choice)] = state;
    if (template !== undefined) this.#templates.set(`${numberOf(choice)} ${template.client}`, template);
  }
}

function numberOf({ rows, row }: Destination): number {
  return rows.words[row + NUMBER]!;
}

function choiceOf({ rows, row }: Destination, { address, port }: RealServer): Choice {
  return { rows, row, address: numberOfAddress(address), port, position: -1, more: undefined };
}

/** What keeps the client with its real server. */
function templateOf(server: VirtualServer, real: RealServer, client: Address, at: Moment): Template {
  const expiresAt = at + server.timeoutSeconds * 1000;
  return { client, realServer: formatEndpoint(real.address, real.port), expiresAt };
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

const NONE: Readonly<Count> = { active: 0, inactive: 0 };

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

/** Counts the connections of real servers: those of all at once, when it is first asked. */
export class ConnectionCounter {
  readonly #table: ConntrackTable;
  readonly #at: Moment;
  #counts: ReadonlyMap<string, Count> | undefined;

  constructor(table: ConntrackTable, at: Moment) {
    this.#table = table;
    this.#at = at;
  }

  /** `real`: its `ip:port` */
  of(server: VirtualServerAddress, real: string): Readonly<Count> {
    if (this.#table.size === 0) return NONE;
    this.#counts ??= countConnections(this.#table, this.#at);
    return this.#counts.get(`${virtualServerName(server)} ${real}`) ?? NONE;
  }

  /** The virtual server with the connections of its real servers. */
  counted(server: VirtualServer): VirtualServer {
    if (this.#table.size === 0) return server;
    const counted = [...server.realServers].map(([real, each]) => {
      const { active, inactive } = this.of(server, real);
      return [real, { ...each, activeConnections: active, inactiveConnections: inactive }] as const;
    });
    return { ...server, realServers: new Map(counted) };
  }
}
