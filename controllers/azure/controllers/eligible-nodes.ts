/**
 * Which nodes a load balancer sends to: all but those whose labels take them out. Whether one is ready is left to the probe.
 * Source: cloud-provider-azure pkg/provider/azure.go (updateNodeCaches), kubernetes.io/docs/reference/labels-annotations-taints.
 */
import type { Node } from '../../../src/model/index.ts';
import type { View } from '../../../src/reconcile/index.ts';

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';
const MANAGED = 'kubernetes.azure.com/managed';

export function isEligible(node: Node): boolean {
  const { labels = {}, deletionTimestamp } = node.metadata;
  return !(EXCLUDED in labels) && isManaged(node) && deletionTimestamp === undefined;
}

/** Whether Azure has the machine: one that somebody has joined from elsewhere says that it is not managed. */
export function isManaged({ metadata }: Node): boolean {
  return metadata.labels?.[MANAGED]?.toLowerCase() !== 'false';
}

export function internalIps({ status }: Node): readonly string[] {
  return (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
}

/** Walks all nodes: only for a Service whose packets arrive at the nodes' addresses. */
export function eligibleNodeIps(view: View): readonly string[] {
  return [...view.list('Node')].filter(isEligible).flatMap(internalIps).sort();
}
