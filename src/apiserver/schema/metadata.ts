/**
 * Metadata, and what every group uses. Each type's fields in the order the apiserver prints them, in the notation of `struct.ts`.
 * Source: k8s.io/api v0.36.
 */
export const METADATA = `
ObjectMeta name generateName namespace selfLink uid resourceVersion generation:int64 creationTimestamp?:time
  deletionTimestamp*:time deletionGracePeriodSeconds*:int64 labels:string{} annotations:string{}
  ownerReferences:OwnerReference[]@uid finalizers:string[]@ managedFields:ManagedFieldsEntry[]
ObjectReference kind namespace name uid apiVersion resourceVersion fieldPath
OwnerReference apiVersion! kind! name! uid! controller*:bool blockOwnerDeletion*:bool
ManagedFieldsEntry manager operation apiVersion time*:time fieldsType fieldsV1*:any subresource
Condition type! status! observedGeneration:int64 lastTransitionTime!:time reason! message!
LabelSelector matchLabels:string{} matchExpressions:LabelSelectorRequirement[]
LocalObjectReference name
LabelSelectorRequirement key! operator! values:string[]
`;
