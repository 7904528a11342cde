/**
 * Numbers that AKS and Azure set. Sources: https://learn.microsoft.com/azure/aks/quotas-skus-regions (nodes, pods),
 * /azure/virtual-network/virtual-networks-faq (addresses of a subnet), /azure/aks/configure-kubenet (routes),
 * /azure/aks/concepts-network-azure-cni-pod-subnet (blocks of 16).
 */

/** The first four addresses of every subnet and its last one are Azure's. */
export const SUBNET_RESERVED = 5;
/** What every node gets of podCidr, whatever its maxPods: a /24. */
export const NODE_BLOCK = 256;
/** A static block: a /28. */
export const STATIC_BLOCK = 16;
/** A route table of Azure holds no more, and kubenet needs a route for every node. */
export const ROUTES_MAX = 400;
export const NODES_PER_POOL_MAX = 1000;
export const NODES_PER_CLUSTER_MAX = 5000;
/** Pods a node. */
export const MAX_PODS_MIN = 10;
export const MAX_PODS_MAX = 250;
