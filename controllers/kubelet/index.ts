/**
 * kubelet: runs the pods that were given to nodes, sets up and tears down their networks, and tells of both.
 * Chooses no node for a pod and no block for a node.
 */

export { KUBELET_DOWN_SINCE } from '../../src/model/index.ts';
export * from './node.ts';
export * from './pod.ts';
