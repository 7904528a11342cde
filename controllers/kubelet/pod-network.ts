/** Where a node's pods get their addresses from, as its kubelet finds it. */
import { hasDefect, type NodeFacts } from '../../src/dataplane/index.ts';
import { addressPlus, type Cidr, NETWORK_PLUGIN_LABEL, type Node, podNetworkOf } from '../../src/model/index.ts';
import type { View } from '../../src/reconcile/index.ts';
import { podCidrsOf } from './sandbox.ts';

/** What the network plugin has been told: blocks for pods, and the bridge that kubenet makes; undefined before that. */
export type PodNetworkFacts = Pick<NodeFacts, 'podCidrs' | 'bridge'>;

export function podNetworkFacts(node: Node, view: View): PodNetworkFacts | undefined {
  const podCidrs = podCidrsOf(node);
  if (podCidrs.length > 0) return isKubenet(node) ? { podCidrs, bridge: bridgeOf(podCidrs) } : { podCidrs };
  const { name } = node.metadata;
  if (podNetworkOf(node) !== undefined) return fromConfig(node, view);
  // Node Subnet: the addresses came with the machine.
  return view.dataplane.networkInterface.has(name) ? { podCidrs: [] } : undefined;
}

export function hasNetwork(node: Node, view: View): boolean {
  return podCidrsOf(node).length > 0 || podNetworkFacts(node, view) !== undefined;
}

/** CNS configures the plugin once DNC has made the node's network container. */
function fromConfig({ metadata }: Node, view: View): PodNetworkFacts | undefined {
  const config = view.get('NodeNetworkConfig', `kube-system/${metadata.name}`);
  const container = config?.status?.networkContainers?.[0];
  const isOwn = config?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
  const isTaken = isOwn || hasDefect(view.dataplane, 4210);
  return container?.primaryIP === undefined || !isTaken ? undefined : { podCidrs: [] };
}

function isKubenet({ metadata }: Node): boolean {
  return metadata.labels?.[NETWORK_PLUGIN_LABEL] === 'kubenet';
}

/** kubenet's cbr0 has the first address of the node's block. */
function bridgeOf(podCidrs: readonly Cidr[]) {
  const { network } = podCidrs.find(({ family }) => family === 4) ?? podCidrs[0]!;
  return addressPlus(network, 1);
}
