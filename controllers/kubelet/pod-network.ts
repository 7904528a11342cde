/** Where a node's pods get their addresses from, as its kubelet finds it. */
import type { NodeFacts } from '../../src/dataplane/index.ts';
import { addressPlus, type Cidr, NETWORK_PLUGIN_LABEL, type Node, podNetworkOf } from '../../src/model/index.ts';
import type { View } from '../../src/reconcile/index.ts';
import { podCidrsOf } from './sandbox.ts';

/** What the network plugin has been told: blocks for pods, and the bridge that kubenet makes; undefined before that. */
export type PodNetworkFacts = Pick<NodeFacts, 'podCidrs' | 'bridge'>;

export function podNetworkFacts(node: Node, view: View): PodNetworkFacts | undefined {
  const podCidrs = podCidrsOf(node);
  if (podCidrs.length > 0) return isKubenet(node) ? { podCidrs, bridge: bridgeOf(podCidrs) } : { podCidrs };
  const { name } = node.metadata;
  if (podNetworkOf(node) !== undefined) return fromConfig(name, view);
  // Node Subnet: the addresses came with the machine.
  return view.dataplane.networkInterface.has(name) ? { podCidrs: [] } : undefined;
}

export function hasNetwork(node: Node, view: View): boolean {
  return podNetworkFacts(node, view) !== undefined;
}

/** CNS configures the plugin once DNC has made the node's network container. */
function fromConfig(name: string, view: View): PodNetworkFacts | undefined {
  const config = view.get('NodeNetworkConfig', `kube-system/${name}`);
  const container = config?.status?.networkContainers?.[0];
  return container?.primaryIP === undefined ? undefined : { podCidrs: [] };
}

function isKubenet({ metadata }: Node): boolean {
  return metadata.labels?.[NETWORK_PLUGIN_LABEL] === 'kubenet';
}

/** kubenet's cbr0 has the first address of the node's block. */
function bridgeOf(podCidrs: readonly Cidr[]) {
  const { network } = podCidrs.find(({ family }) => family === 4) ?? podCidrs[0]!;
  return addressPlus(network, 1);
}
