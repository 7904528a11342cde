/**
 * Deployments and ReplicaSets. Each type's fields in the order the apiserver prints them, in the notation of `struct.ts`.
 * Source: k8s.io/api v0.36.
 */
export const WORKLOADS = `
Deployment apiVersion kind metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
ReplicaSet apiVersion kind metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
DeploymentSpec replicas*:int32 selector*!:LabelSelector template:PodTemplateSpec strategy:DeploymentStrategy=
  minReadySeconds:int32 revisionHistoryLimit*:int32 paused:bool progressDeadlineSeconds*:int32
DeploymentStatus observedGeneration:int64 replicas:int32 updatedReplicas:int32 readyReplicas:int32
  availableReplicas:int32 unavailableReplicas:int32 terminatingReplicas*:int32 conditions:DeploymentCondition[]@type
  collisionCount*:int32
ReplicaSetSpec replicas*:int32 minReadySeconds:int32 selector*!:LabelSelector template:PodTemplateSpec
ReplicaSetStatus replicas!:int32 fullyLabeledReplicas:int32 readyReplicas:int32 availableReplicas:int32
  terminatingReplicas*:int32 observedGeneration:int64 conditions:ReplicaSetCondition[]@type
PodTemplateSpec metadata:ObjectMeta spec:PodSpec
DeploymentStrategy type rollingUpdate*:RollingUpdateDeployment
DeploymentCondition type! status! lastUpdateTime!:time lastTransitionTime!:time reason message
ReplicaSetCondition type! status! lastTransitionTime!:time reason message
RollingUpdateDeployment maxUnavailable*:intOrString maxSurge*:intOrString
`;
