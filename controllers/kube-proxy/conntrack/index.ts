/** kube-proxy's clean-up of tracked connections: which ones lead nowhere any more. Deletes nothing itself. */
export { type ConntrackFlow, type FlowFilter, type FlowTuple, flowFilter, withoutFlows } from './flow.ts';
export { staleConnections, staleFlows } from './stale-flows.ts';
