/**
 * Numbers that only plans ask for. Sources: https://learn.microsoft.com/azure/aks/concepts-network-azure-cni-pod-subnet,
 * Azure/azure-container-networking cns/ipampool/monitor.go (batches).
 */
import { type AddressModel, MAX_PODS_MAX, STATIC_BLOCK } from '../model/index.ts';

/** Addresses of a cluster with Node Subnet, or with Pod Subnet and dynamic allocation. */
export const FLAT_ADDRESSES_MAX = 64_000;

/** Blocks of 16 that a node reserves: one of its addresses is the node's own. */
export function staticBlocksOf(maxPods: number): number {
  return Math.ceil((maxPods + 1) / STATIC_BLOCK);
}

/** Addresses that a node of a pod subnet begins with, and asks for at once. */
export const CNS_BATCH = 16;
const CNS_FREE_MIN = 8;

/** Addresses that CNS asks for while so many pods are on its node: batches of 16, at least 8 of them free. */
export function dynamicPoolSize(pods: number): number {
  return Math.min(MAX_PODS_MAX, CNS_BATCH * Math.ceil((pods + CNS_FREE_MIN) / CNS_BATCH));
}

export const MODEL_TITLES: { readonly [model in AddressModel]: string } = {
  overlay: 'Azure CNI Overlay',
  'pod-subnet-dynamic': 'Azure CNI Pod Subnet, dynamic',
  'pod-subnet-static-block': 'Azure CNI Pod Subnet, static block',
  'node-subnet': 'Azure CNI Node Subnet',
  kubenet: 'kubenet',
};
