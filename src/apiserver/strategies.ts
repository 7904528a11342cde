/** The strategy of each kind. */
import type { Kind } from '../model/index.ts';
import { CONFIG_MAP_STRATEGY } from './config-map.ts';
import { ENDPOINT_SLICE_STRATEGY } from './endpoint-slice.ts';
import { EVENT_STRATEGY } from './event.ts';
import { NAMESPACE_STRATEGY } from './namespace.ts';
import { NODE_STRATEGY } from './node.ts';
import { CLUSTER_SUBNET_STATE_STRATEGY, NODE_NETWORK_CONFIG_STRATEGY } from './node-network-config.ts';
import { POD_STRATEGY } from './pod/strategy.ts';
import { SERVICE_STRATEGY } from './service/strategy.ts';
import { SERVICE_IMPORT_STRATEGY } from './service-import.ts';
import type { Strategy } from './strategy.ts';
import { DEPLOYMENT_STRATEGY, REPLICA_SET_STRATEGY } from './workloads.ts';

const STRATEGIES: { readonly [K in Kind]: Strategy<K> } = {
  Namespace: NAMESPACE_STRATEGY,
  Node: NODE_STRATEGY,
  Pod: POD_STRATEGY,
  Service: SERVICE_STRATEGY,
  EndpointSlice: ENDPOINT_SLICE_STRATEGY,
  ServiceImport: SERVICE_IMPORT_STRATEGY,
  ConfigMap: CONFIG_MAP_STRATEGY,
  Deployment: DEPLOYMENT_STRATEGY,
  ReplicaSet: REPLICA_SET_STRATEGY,
  Event: EVENT_STRATEGY,
  NodeNetworkConfig: NODE_NETWORK_CONFIG_STRATEGY,
  ClusterSubnetState: CLUSTER_SUBNET_STATE_STRATEGY,
};

/** The strategy that goes with `kind`; the caller hands it objects of that kind only. */
export function strategyOf(kind: Kind): Strategy<Kind> {
  return STRATEGIES[kind] as unknown as Strategy<Kind>;
}
