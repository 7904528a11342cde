/**
 * Services of a set of clusters, in the notation of `struct.ts`.
 * Source: kubernetes-sigs/mcs-api pkg/apis/v1alpha1/serviceimport.go. An import's `spec` is no pointer there; but a custom
 * resource is kept as it was written, and one without a spec is not one with an empty spec.
 */
export const MULTICLUSTER = `
ServiceImport apiVersion kind metadata:ObjectMeta spec*:ServiceImportSpec status?:ServiceImportStatus
ServiceImportSpec ports*:ServiceImportPort[] ips:string[] type sessionAffinity
  sessionAffinityConfig*:SessionAffinityConfig ipFamilies:string[] internalTrafficPolicy* trafficDistribution*
ServiceImportPort name protocol appProtocol* port*:int32
ServiceImportStatus clusters:ServiceImportCluster[] conditions:Condition[]@type
ServiceImportCluster cluster
`;
