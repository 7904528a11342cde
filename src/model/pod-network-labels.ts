/** Labels by which AKS tells DNC where a node's pods get their addresses from: set on the nodes of pools with a pod subnet. */
import type { Node } from './kubernetes.ts';

/** `vnet`: single addresses; `vnetblock`: static blocks */
export const POD_NETWORK_TYPE_LABEL = 'kubernetes.azure.com/podnetwork-type';
export const POD_NETWORK_SUBNET_LABEL = 'kubernetes.azure.com/podnetwork-subnet';

export interface PodNetworkLabels {
  readonly subnet: string;
  readonly type: 'vnet' | 'vnetblock';
}

/** Undefined where the node's pods do not get their addresses from a pod subnet. */
export function podNetworkOf({ metadata }: Pick<Node, 'metadata'>): PodNetworkLabels | undefined {
  const subnet = metadata.labels?.[POD_NETWORK_SUBNET_LABEL];
  const type = metadata.labels?.[POD_NETWORK_TYPE_LABEL];
  return subnet === undefined || (type !== 'vnet' && type !== 'vnetblock') ? undefined : { subnet, type };
}
