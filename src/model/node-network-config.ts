/**
 * How DNC, Azure's delegated network controller, and the CNS of a node settle which addresses the node has for its pods.
 * Source: Azure/azure-container-networking crd/nodenetworkconfig/api/v1alpha and crd/clustersubnetstate/api/v1alpha1.
 */
import type { Resource } from './kubernetes.ts';

/** An address, or with static blocks a /28. */
export interface IPAssignment {
  readonly name: string;
  readonly ip: string;
}

/** What the node has been given of one subnet. */
export interface NetworkContainer {
  readonly id?: string;
  readonly assignmentMode?: 'dynamic' | 'static';
  readonly type?: 'vnet' | 'vnetblock' | 'overlay';
  /** an address that no pod gets, or the block that the node was given first */
  readonly primaryIP?: string;
  readonly primaryIPV6?: string;
  readonly subnetName?: string;
  readonly subnetAddressSpace?: string;
  readonly subnetAddressSpaceV6?: string;
  readonly defaultGateway?: string;
  readonly nodeIP?: string;
  /** one higher with each change of what is assigned */
  readonly version?: number;
  /** what became of the last request: `NCUpdateSubnetFullError` */
  readonly status?: string;
  readonly ipAssignments?: readonly IPAssignment[];
}

/** How far a node's pool may run ahead of its pods. */
export interface Scaler {
  /** addresses are asked for and given back in multiples of this */
  readonly batchSize: number;
  /** the most addresses that a node may hold */
  readonly maxIPCount: number;
  /** fewer free addresses than this share of a batch: ask for more */
  readonly requestThresholdPercent: number;
  /** so many free addresses as this share of a batch: give some back */
  readonly releaseThresholdPercent: number;
}

/** `kube-system/NODE`: CNS writes the spec, DNC the status. */
export interface NodeNetworkConfig extends Resource<'NodeNetworkConfig', 'acn.azure.com/v1alpha'> {
  readonly spec: {
    readonly requestedIPCount: number;
    /** names of assignments that the node gives back */
    readonly ipsNotInUse?: readonly string[];
  };
  readonly status?: {
    readonly networkContainers?: readonly NetworkContainer[];
    readonly scaler?: Scaler;
    readonly assignedIPCount?: number;
  };
}

/** `kube-system/SUBNET`: DNC tells every CNS whether addresses are scarce. */
export interface ClusterSubnetState extends Resource<'ClusterSubnetState', 'acn.azure.com/v1alpha1'> {
  readonly status?: { readonly exhausted: boolean };
}
