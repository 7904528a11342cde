/**
 * What kube-proxy knows of one Service, in the shape of its ServicePortMap and EndpointsMap
 * (kubernetes pkg/proxy/serviceport.go, endpoint.go): the same on every node. What differs per node follows from `NodeFacts`.
 */
import type { Address, Cidr, ProtocolNumber } from '../model/index.ts';

export interface ServiceEndpoint {
  readonly address: Address;
  readonly port: number;
  /** `ip:port` as text: what chain names are hashed from and endpoints sorted by */
  readonly text: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName?: string;
  readonly zoneHints?: readonly string[];
  readonly nodeHints?: readonly string[];
}

export interface ServicePortRecord {
  /** `namespace/service:port`, without the colon where the port has no name */
  readonly name: string;
  readonly protocol: ProtocolNumber;
  readonly clusterIP: Address;
  readonly port: number;
  /** 0 where there is none */
  readonly nodePort: number;
  readonly externalIPs: readonly Address[];
  readonly loadBalancerVIPs: readonly Address[];
  readonly loadBalancerSourceRanges: readonly Cidr[];
  /** seconds of ClientIP affinity; 0 for none */
  readonly affinitySeconds: number;
  readonly externalPolicyLocal: boolean;
  readonly internalPolicyLocal: boolean;
  /** 0 where there is none */
  readonly healthCheckNodePort: number;
  /** sorted by `text`, as kube-proxy sorts them */
  readonly endpoints: readonly ServiceEndpoint[];
}

/** One Service's ports, in the Service's order; what kube-proxy programs under the key `namespace/service`. */
export interface ServiceRecord {
  readonly key: string;
  readonly ports: readonly ServicePortRecord[];
}

/** What a node adds of its own to rules that are otherwise the same everywhere. */
export interface NodeFacts {
  readonly name: string;
  readonly addresses: readonly Address[];
  /** the blocks that its pods' addresses are in; none where they come one by one */
  readonly podCidrs: readonly Cidr[];
  /** the bridge that its pods hang on, cbr0, by its own address (kubenet) */
  readonly bridge?: Address;
  readonly zone?: string;
}
