/**
 * Which UDP connections lead to endpoints that serve no more. UDP has no end that conntrack could see: without a clean-up a
 * client that goes on sending keeps its entry, and its packets go to an endpoint that is gone.
 *
 * Changes of a Service do not touch its connections: policies, hints and termination are not looked at, only whether an
 * endpoint serves. A Service without any serving endpoint keeps its connections. What leads straight to a Service address
 * was sent when there were no rules for it yet, and is stale too.
 *
 * Source: kubernetes pkg/proxy/conntrack/cleanup.go (CleanStaleEntries).
 */
import {
  addressOfNumber,
  type Connection,
  type ConntrackTable,
  type FiledPort,
  type ServicePortRecord,
  type ServiceTable,
} from '../../../src/dataplane/index.ts';
import { type Address, type Family, formatEndpoint, type Moment, UDP } from '../../../src/model/index.ts';
import type { ConntrackFlow } from './flow.ts';

/** Where a client sent to, and who answers. */
interface Frontend {
  readonly destination: Address | undefined;
  readonly destinationPort: number;
  /** `ip:port` of the source of answers; undefined where it is not known */
  readonly backend: string | undefined;
}

const serving = new WeakMap<ServicePortRecord, ReadonlySet<string>>();

/** `ip:port` of the endpoints that serve, found once for each version of a service port. */
function servingEndpoints(port: ServicePortRecord): ReadonlySet<string> {
  let found = serving.get(port);
  if (found === undefined) {
    found = new Set(port.endpoints.filter((endpoint) => endpoint.serving).map(({ text }) => text));
    serving.set(port, found);
  }
  return found;
}

/**
 * Of several service ports at one place kube-proxy remembers the last that it came across and that has serving endpoints;
 * here that is the last by name.
 */
function leadsAstray(ports: readonly FiledPort[], { backend }: Frontend): boolean {
  const endpoints = ports.map(({ port }) => servingEndpoints(port)).findLast(({ size }) => size > 0);
  return endpoints !== undefined && !(backend !== undefined && endpoints.has(backend));
}

/** Looks at the Services at this address and port only: the cost does not depend on how many there are. */
function isStale(services: ServiceTable, family: Family, frontend: Frontend): boolean {
  const { destination, destinationPort } = frontend;
  if (destination !== undefined && leadsAstray(services.at(destination, destinationPort, UDP), frontend)) return true;
  // A node port is claimed on any address: kube-proxy does not ask which are the node's.
  return leadsAstray(services.atNodePort(family, destinationPort, UDP), frontend);
}

/** Those of `flows` that kube-proxy deletes, in their order. `family`: that of the flows. */
export function staleFlows(
  flows: Iterable<ConntrackFlow>,
  services: ServiceTable,
  family: Family,
): readonly ConntrackFlow[] {
  const stale: ConntrackFlow[] = [];
  for (const flow of flows) {
    const { original, reply } = flow;
    const backend = reply.source === undefined ? undefined : formatEndpoint(reply.source, reply.sourcePort);
    const { destination, destinationPort } = original;
    if (flow.protocol === UDP && isStale(services, family, { destination, destinationPort, backend })) stale.push(flow);
  }
  return stale;
}

/** The same over a host's own table, at that moment. Ask when a sync says that a clean-up is required. */
export function staleConnections(table: ConntrackTable, services: ServiceTable, at: Moment): readonly Connection[] {
  const stale: Connection[] = [];
  for (const connection of table.connections(at)) {
    if (connection.protocol !== UDP) continue;
    const destination = addressOfNumber(table.family, connection.destination);
    const replySource = addressOfNumber(table.family, connection.replySource);
    // Ports are packed with the source's first: an original's destination port stands last, a reply's source port first.
    const backend = formatEndpoint(replySource, connection.replyPorts >>> 16);
    const frontend = { destination, destinationPort: connection.ports & 0xffff, backend };
    if (isStale(services, table.family, frontend)) stale.push(connection);
  }
  return stale;
}
