/**
 * Pods. Each type's fields in the order the apiserver prints them, in the notation of `struct.ts`.
 * Source: k8s.io/api v0.36.
 */
export const PODS = `
Pod apiVersion kind metadata:ObjectMeta spec:PodSpec status:PodStatus
PodSpec volumes:Volume[]@name= initContainers:Container[]@name containers!:Container[]@name
  ephemeralContainers:EphemeralContainer[]@name restartPolicy terminationGracePeriodSeconds*:int64
  activeDeadlineSeconds*:int64 dnsPolicy nodeSelector:string{} serviceAccountName serviceAccount
  automountServiceAccountToken*:bool nodeName hostNetwork:bool hostPID:bool hostIPC:bool shareProcessNamespace*:bool
  securityContext*:PodSecurityContext imagePullSecrets:LocalObjectReference[]@name hostname subdomain
  affinity*:Affinity schedulerName tolerations:Toleration[] hostAliases:HostAlias[]@ip priorityClassName
  priority*:int32 dnsConfig*:PodDNSConfig readinessGates:PodReadinessGate[] runtimeClassName*
  enableServiceLinks*:bool preemptionPolicy* overhead:quantity{}
  topologySpreadConstraints:TopologySpreadConstraint[]@topologyKey setHostnameAsFQDN*:bool os*:PodOS hostUsers*:bool
  schedulingGates:PodSchedulingGate[]@name resourceClaims:PodResourceClaim[]@name= resources*:ResourceRequirements
  hostnameOverride* schedulingGroup*:PodSchedulingGroup
PodStatus observedGeneration:int64 phase conditions:PodCondition[]@type message reason nominatedNodeName hostIP
  hostIPs:HostIP[]@ip podIP podIPs:PodIP[]@ip startTime*:time initContainerStatuses:ContainerStatus[]
  containerStatuses:ContainerStatus[] qosClass ephemeralContainerStatuses:ContainerStatus[] resize
  resourceClaimStatuses:PodResourceClaimStatus[]@name= extendedResourceClaimStatus*:PodExtendedResourceClaimStatus
  allocatedResources:quantity{} resources*:ResourceRequirements
  nodeAllocatableResourceClaimStatuses:NodeAllocatableResourceClaimStatus[]
PodSecurityContext seLinuxOptions*:SELinuxOptions windowsOptions*:WindowsSecurityContextOptions runAsUser*:int64
  runAsGroup*:int64 runAsNonRoot*:bool supplementalGroups:int64[] supplementalGroupsPolicy* fsGroup*:int64
  sysctls:Sysctl[] fsGroupChangePolicy* seccompProfile*:SeccompProfile appArmorProfile*:AppArmorProfile
  seLinuxChangePolicy*
Affinity nodeAffinity*:NodeAffinity podAffinity*:PodAffinity podAntiAffinity*:PodAntiAffinity
Toleration key operator value effect tolerationSeconds*:int64
HostAlias ip! hostnames:string[]
PodDNSConfig nameservers:string[] searches:string[] options:PodDNSConfigOption[]
PodReadinessGate conditionType!
TopologySpreadConstraint maxSkew!:int32 topologyKey! whenUnsatisfiable! labelSelector*:LabelSelector
  minDomains*:int32 nodeAffinityPolicy* nodeTaintsPolicy* matchLabelKeys:string[]
PodOS name!
PodSchedulingGate name!
PodResourceClaim name! resourceClaimName* resourceClaimTemplateName*
PodSchedulingGroup podGroupName*
PodCondition type! observedGeneration:int64 status! lastProbeTime!:time lastTransitionTime!:time reason message
HostIP ip!
PodIP ip!
PodResourceClaimStatus name! resourceClaimName*
PodExtendedResourceClaimStatus requestMappings!:ContainerExtendedResourceRequest[] resourceClaimName!
NodeAllocatableResourceClaimStatus resourceClaimName! containers:string[] resources!:quantity{}
Sysctl name! value!
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution*:NodeSelector
  preferredDuringSchedulingIgnoredDuringExecution:PreferredSchedulingTerm[]
PodAffinity requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm[]
  preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm[]
PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm[]
  preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm[]
PodDNSConfigOption name value*
NodeSelector nodeSelectorTerms!:NodeSelectorTerm[]
PreferredSchedulingTerm weight!:int32 preference:NodeSelectorTerm
PodAffinityTerm labelSelector*:LabelSelector namespaces:string[] topologyKey! namespaceSelector*:LabelSelector
  matchLabelKeys:string[] mismatchLabelKeys:string[]
WeightedPodAffinityTerm weight!:int32 podAffinityTerm:PodAffinityTerm
NodeSelectorTerm matchExpressions:NodeSelectorRequirement[] matchFields:NodeSelectorRequirement[]
NodeSelectorRequirement key! operator! values:string[]
`;
