/**
 * Containers of pods, and what they say of themselves. Each type's fields in the order the apiserver prints them, in the notation of `struct.ts`.
 * Source: k8s.io/api v0.36.
 */
export const CONTAINERS = `
Container name! image command:string[] args:string[] workingDir ports:ContainerPort[]@containerPort
  envFrom:EnvFromSource[] env:EnvVar[]@name resources:ResourceRequirements resizePolicy:ContainerResizePolicy[]
  restartPolicy* restartPolicyRules:ContainerRestartRule[] volumeMounts:VolumeMount[]@mountPath
  volumeDevices:VolumeDevice[]@devicePath livenessProbe*:Probe readinessProbe*:Probe startupProbe*:Probe
  lifecycle*:Lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy
  securityContext*:SecurityContext stdin:bool stdinOnce:bool tty:bool
EphemeralContainer name! image command:string[] args:string[] workingDir ports:ContainerPort[]@containerPort
  envFrom:EnvFromSource[] env:EnvVar[]@name resources:ResourceRequirements resizePolicy:ContainerResizePolicy[]
  restartPolicy* restartPolicyRules:ContainerRestartRule[] volumeMounts:VolumeMount[]@mountPath
  volumeDevices:VolumeDevice[]@devicePath livenessProbe*:Probe readinessProbe*:Probe startupProbe*:Probe
  lifecycle*:Lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy
  securityContext*:SecurityContext stdin:bool stdinOnce:bool tty:bool targetContainerName
ResourceRequirements limits:quantity{} requests:quantity{} claims:ResourceClaim[]
ContainerStatus name! state:ContainerState lastState:ContainerState ready!:bool restartCount!:int32 image! imageID!
  containerID started*:bool allocatedResources:quantity{} resources*:ResourceRequirements
  volumeMounts:VolumeMountStatus[]@mountPath user*:ContainerUser allocatedResourcesStatus:ResourceStatus[]@name
  stopSignal*
ContainerPort name hostPort:int32 containerPort!:int32 protocol hostIP
EnvFromSource prefix configMapRef*:ConfigMapEnvSource secretRef*:SecretEnvSource
EnvVar name! value valueFrom*:EnvVarSource
ContainerResizePolicy resourceName! restartPolicy!
ContainerRestartRule action exitCodes*:ContainerRestartRuleOnExitCodes
VolumeMount name! readOnly:bool recursiveReadOnly* mountPath! subPath mountPropagation* subPathExpr
VolumeDevice name! devicePath!
Probe exec*:ExecAction httpGet*:HTTPGetAction tcpSocket*:TCPSocketAction grpc*:GRPCAction initialDelaySeconds:int32
  timeoutSeconds:int32 periodSeconds:int32 successThreshold:int32 failureThreshold:int32
  terminationGracePeriodSeconds*:int64
Lifecycle postStart*:LifecycleHandler preStop*:LifecycleHandler stopSignal*
SecurityContext capabilities*:Capabilities privileged*:bool seLinuxOptions*:SELinuxOptions
  windowsOptions*:WindowsSecurityContextOptions runAsUser*:int64 runAsGroup*:int64 runAsNonRoot*:bool
  readOnlyRootFilesystem*:bool allowPrivilegeEscalation*:bool procMount* seccompProfile*:SeccompProfile
  appArmorProfile*:AppArmorProfile
SELinuxOptions user role type level
WindowsSecurityContextOptions gmsaCredentialSpecName* gmsaCredentialSpec* runAsUserName* hostProcess*:bool
SeccompProfile type! localhostProfile*
AppArmorProfile type! localhostProfile*
ResourceClaim name! request
ContainerState waiting*:ContainerStateWaiting running*:ContainerStateRunning terminated*:ContainerStateTerminated
VolumeMountStatus name! mountPath! readOnly:bool recursiveReadOnly* volumeStatus*:VolumeStatus
ContainerUser linux*:LinuxContainerUser
ResourceStatus name! resources:ResourceHealth[]
ContainerExtendedResourceRequest containerName! resourceName! requestName!
ConfigMapEnvSource name optional*:bool
SecretEnvSource name optional*:bool
EnvVarSource fieldRef*:ObjectFieldSelector resourceFieldRef*:ResourceFieldSelector
  configMapKeyRef*:ConfigMapKeySelector secretKeyRef*:SecretKeySelector fileKeyRef*:FileKeySelector
ContainerRestartRuleOnExitCodes operator values:int32[]
ExecAction command:string[]
HTTPGetAction path port!:intOrString host scheme httpHeaders:HTTPHeader[]
TCPSocketAction port!:intOrString host
GRPCAction port!:int32 service*!
LifecycleHandler exec*:ExecAction httpGet*:HTTPGetAction tcpSocket*:TCPSocketAction sleep*:SleepAction
Capabilities add:string[] drop:string[]
ContainerStateWaiting reason message
ContainerStateRunning startedAt!:time
ContainerStateTerminated exitCode!:int32 signal:int32 reason message startedAt!:time finishedAt!:time containerID
VolumeStatus image*:ImageVolumeStatus
LinuxContainerUser uid!:int64 gid!:int64 supplementalGroups:int64[]
ResourceHealth resourceID! health message*
ObjectFieldSelector apiVersion fieldPath!
ResourceFieldSelector containerName resource! divisor!:quantity
ConfigMapKeySelector name key! optional*:bool
SecretKeySelector name key! optional*:bool
FileKeySelector volumeName! path! key! optional*:bool
HTTPHeader name! value!
SleepAction seconds!:int64
ImageVolumeStatus imageRef
`;
