/**
 * Numbers that AKS and Azure set. Sources: https://learn.microsoft.com/azure/aks/quotas-skus-regions (nodes),
 * /azure/virtual-network/virtual-networks-faq (addresses of a subnet), /azure/aks/configure-kubenet (routes),
 * /azure/aks/concepts-network-azure-cni-pod-subnet (blocks of 16), Azure/azure-container-networking cns/ipampool/monitor.go (batches).
 */
import type { AddressModel } from '../model/index.ts';

/** The first four addresses of every subnet and its last one are Azure's. */
export const SUBNET_RESERVED = 5;
/** What every node gets of podCidr, whatever its maxPods. */
export const NODE_BLOCK = 256;
/** A static block: a /28. */
export const STATIC_BLOCK = 16;
/** Addresses of a cluster with Node Subnet, or with Pod Subnet and dynamic allocation. */
export const FLAT_ADDRESSES_MAX = 64_000;
export const ROUTES_MAX = 400;
export const NODES_PER_POOL_MAX = 1000;
export const NODES_PER_CLUSTER_MAX = 5000;
export const MAX_PODS_MAX = 250;

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
