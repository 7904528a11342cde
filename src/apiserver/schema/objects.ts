/**
 * Namespaces, nodes, Services, EndpointSlices, ConfigMaps and events. Each type's fields in the order the apiserver prints them, in the notation of `struct.ts`.
 * Source: k8s.io/api v0.36.
 */
export const OBJECTS = `
Namespace apiVersion kind metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
Node apiVersion kind metadata:ObjectMeta spec:NodeSpec status:NodeStatus
Service apiVersion kind metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
EndpointSlice apiVersion kind metadata:ObjectMeta addressType! endpoints!:Endpoint[] ports!:EndpointPort[]
ConfigMap apiVersion kind metadata:ObjectMeta immutable*:bool data:string{} binaryData:bytes{}
Event apiVersion kind metadata:ObjectMeta involvedObject:ObjectReference reason message source:EventSource
  firstTimestamp!:time lastTimestamp!:time count:int32 type eventTime!:time series*:EventSeries action
  related*:ObjectReference reportingComponent! reportingInstance!
NamespaceSpec finalizers:string[]
NamespaceStatus phase conditions:NamespaceCondition[]@type
NodeSpec podCIDR podCIDRs:string[]@ providerID unschedulable:bool taints:Taint[] configSource*:NodeConfigSource
  externalID
NodeStatus capacity:quantity{} allocatable:quantity{} phase conditions:NodeCondition[]@type
  addresses:NodeAddress[]@type daemonEndpoints:NodeDaemonEndpoints nodeInfo:NodeSystemInfo images:ContainerImage[]
  volumesInUse:string[] volumesAttached:AttachedVolume[] config*:NodeConfigStatus
  runtimeHandlers:NodeRuntimeHandler[] features*:NodeFeatures declaredFeatures:string[]
ServiceSpec ports:ServicePort[]@port selector:string{} clusterIP clusterIPs:string[] type externalIPs:string[]
  sessionAffinity loadBalancerIP loadBalancerSourceRanges:string[] externalName externalTrafficPolicy
  healthCheckNodePort:int32 publishNotReadyAddresses:bool sessionAffinityConfig*:SessionAffinityConfig
  ipFamilies:string[] ipFamilyPolicy* allocateLoadBalancerNodePorts*:bool loadBalancerClass* internalTrafficPolicy*
  trafficDistribution*
ServiceStatus loadBalancer:LoadBalancerStatus conditions:Condition[]@type
Endpoint addresses!:string[] conditions:EndpointConditions hostname* targetRef*:ObjectReference
  deprecatedTopology:string{} nodeName* zone* hints*:EndpointHints
EndpointPort name* protocol* port*:int32 appProtocol*
EventSource component host
EventSeries count:int32 lastObservedTime!:time
NamespaceCondition type! status! lastTransitionTime!:time reason message
Taint key! value effect! timeAdded*:time
NodeConfigSource configMap*:ConfigMapNodeConfigSource
NodeCondition type! status! lastHeartbeatTime!:time lastTransitionTime!:time reason message
NodeAddress type! address!
NodeDaemonEndpoints kubeletEndpoint:DaemonEndpoint
NodeSystemInfo machineID! systemUUID! bootID! kernelVersion! osImage! containerRuntimeVersion! kubeletVersion!
  kubeProxyVersion! operatingSystem! architecture! swap*:NodeSwapStatus
ContainerImage names!:string[] sizeBytes:int64
AttachedVolume name! devicePath!
NodeConfigStatus assigned*:NodeConfigSource active*:NodeConfigSource lastKnownGood*:NodeConfigSource error
NodeRuntimeHandler name! features*:NodeRuntimeHandlerFeatures
NodeFeatures supplementalGroupsPolicy*:bool
ServicePort name protocol appProtocol* port!:int32 targetPort!:intOrString nodePort:int32
SessionAffinityConfig clientIP*:ClientIPConfig
LoadBalancerStatus ingress:LoadBalancerIngress[]
EndpointConditions ready*:bool serving*:bool terminating*:bool
EndpointHints forZones:ForZone[] forNodes:ForNode[]
ConfigMapNodeConfigSource namespace! name! uid resourceVersion kubeletConfigKey!
DaemonEndpoint Port!:int32
NodeSwapStatus capacity*:int64
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts*:bool userNamespaces*:bool
ClientIPConfig timeoutSeconds*:int32
LoadBalancerIngress ip hostname ipMode* ports:PortStatus[]
ForZone name!
ForNode name!
PortStatus port!:int32 protocol! error*
`;
