/**
 * Azure's custom resources for the networks of nodes, in the notation of `struct.ts`.
 * Source: Azure/azure-container-networking crd/nodenetworkconfig/api/v1alpha and crd/clustersubnetstate/api/v1alpha1.
 */
export const AZURE = `
NodeNetworkConfig apiVersion kind metadata:ObjectMeta spec:NodeNetworkConfigSpec status?:NodeNetworkConfigStatus
ClusterSubnetState apiVersion kind metadata:ObjectMeta status?:ClusterSubnetStateStatus
NodeNetworkConfigSpec requestedIPCount!:int64 ipsNotInUse:string[]
NodeNetworkConfigStatus assignedIPCount:int64 scaler?:Scaler networkContainers:NetworkContainer[]
NetworkContainer id assignmentMode type primaryIP primaryIPV6 subnetName subnetAddressSpace subnetAddressSpaceV6
  defaultGateway nodeIP version:int64 status ipAssignments:IPAssignment[]
IPAssignment name ip
Scaler batchSize:int64 releaseThresholdPercent:int64 requestThresholdPercent:int64 maxIPCount:int64
ClusterSubnetStateStatus exhausted!:bool
`;
