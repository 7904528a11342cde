/**
 * A tracked connection as kube-proxy reads it from the kernel, and the filter by which it has connections deleted.
 * Source: kubernetes pkg/proxy/conntrack/filter.go, conntrack.go.
 */
import { type Address, formatAddress, type ProtocolNumber } from '../../../src/model/index.ts';

/** One direction's addresses and ports; an address is undefined where the kernel did not say it. */
export interface FlowTuple {
  readonly source: Address | undefined;
  readonly sourcePort: number;
  readonly destination: Address | undefined;
  readonly destinationPort: number;
}

export interface ConntrackFlow {
  readonly protocol: ProtocolNumber;
  /** as the first packet was sent */
  readonly original: FlowTuple;
  /** as the answer comes: its source is the endpoint that the connection was translated to */
  readonly reply: FlowTuple;
}

/** Whether a flow is one of those that are to be deleted. */
export type FlowFilter = (flow: ConntrackFlow) => boolean;

function tupleKey({ source, sourcePort, destination, destinationPort }: FlowTuple): string {
  const text = (address: Address | undefined) => (address === undefined ? '' : formatAddress(address));
  return `${text(source)} ${sourcePort} ${text(destination)} ${destinationPort}`;
}

function flowKey({ protocol, original, reply }: ConntrackFlow): string {
  return `${protocol} ${tupleKey(original)} ${tupleKey(reply)}`;
}

/** Matches flows that equal one of `flows` in every field: an empty field stands for itself, not for any value. */
export function flowFilter(flows: Iterable<ConntrackFlow>): FlowFilter {
  const keys = new Set<string>();
  for (const flow of flows) keys.add(flowKey(flow));
  return (flow) => keys.has(flowKey(flow));
}

/** What is left of a table of flows once `requested` were deleted from it. */
export function withoutFlows(table: readonly ConntrackFlow[], requested: Iterable<ConntrackFlow>) {
  const isRequested = flowFilter(requested);
  return table.filter((flow) => !isRequested(flow));
}
