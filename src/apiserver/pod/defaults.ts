/**
 * What a pod, and a template of pods, has where its author said nothing.
 * Sources: kubernetes pkg/apis/core/v1/defaults.go `SetDefaults_Pod`, `SetDefaults_PodSpec`, and conversion.go.
 */
import { type Pod, type PodSpec, type PodTemplateSpec, withFields } from '../../model/index.ts';
import { completeContainer } from './container-defaults.ts';
import { type Quantities, type RawContainer, type RawPodSpec, rawSpec } from './raw.ts';
import { completeVolume } from './volume-defaults.ts';

const GRACE_PERIOD_SECONDS = 30;

export function applyTemplateDefaults(template: PodTemplateSpec, before: PodTemplateSpec | undefined): PodTemplateSpec {
  if (template === before || template.spec === before?.spec) return template;
  return { ...template, spec: completeSpec(rawSpec(template.spec)) as unknown as PodSpec };
}

/** The spec of a pod: as a template's, and what pods alone have. */
export function completePodSpec(spec: PodSpec): PodSpec {
  const own = completeSpec(rawSpec(spec));
  // Templates are left without: the gate DefaultHostNetworkHostPortsInPodTemplates is off since 1.28.
  const complete = own.hostNetwork === true ? { ...own, ...mapContainers(own, takeHostPorts) } : own;
  const pod: RawPodSpec = withFields(withFields(complete, mapContainers(complete, requestLimits)), {
    enableServiceLinks: complete.enableServiceLinks ?? true,
    terminationGracePeriodSeconds: positiveGrace(complete.terminationGracePeriodSeconds),
  });
  return pod as unknown as PodSpec;
}

/** A negative period counts as one second (kubernetes pkg/registry/core/pod/strategy.go). */
function positiveGrace(seconds: number): number {
  return seconds < 0 ? 1 : seconds;
}

function completeSpec(spec: RawPodSpec): RawPodSpec {
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  return withFields(withFields(spec, mapContainers(spec, completeContainer)), {
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? GRACE_PERIOD_SECONDS,
    dnsPolicy: spec.dnsPolicy ?? 'ClusterFirst',
    ...(account === undefined ? {} : { serviceAccountName: account, serviceAccount: account }),
    securityContext: spec.securityContext ?? {},
    schedulerName: spec.schedulerName ?? 'default-scheduler',
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.map(completeVolume) }),
  });
}

type ContainerLists = Pick<RawPodSpec, 'containers' | 'initContainers' | 'ephemeralContainers'>;

function mapContainers(spec: RawPodSpec, change: (container: RawContainer) => RawContainer): ContainerLists {
  const { containers, initContainers, ephemeralContainers } = spec;
  return {
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(change) }),
    containers: containers?.map(change) ?? null,
    ...(ephemeralContainers === undefined ? {} : { ephemeralContainers: ephemeralContainers.map(change) }),
  };
}

/** On the host's network every port is the host's. */
function takeHostPorts(container: RawContainer): RawContainer {
  if (container.ports === undefined) return container;
  const ports = container.ports.map((port) => ({ ...port, hostPort: port.hostPort ?? port.containerPort }));
  return { ...container, ports };
}

/** What a container is limited to and does not request, it requests. */
function requestLimits(container: RawContainer): RawContainer {
  const { limits, requests } = container.resources;
  if (limits === undefined) return container;
  const complete: Quantities = { ...limits, ...requests };
  return { ...container, resources: { ...container.resources, requests: complete } };
}

/** podIP is the first of podIPs; where they differ, the single one wins (pkg/apis/core/v1/conversion.go). */
export function alignPodIps(status: Pod['status']): Pod['status'] {
  const { podIP, podIPs } = status;
  if (podIP === podIPs?.[0]?.ip) return status;
  if (podIP === undefined) return podIPs === undefined ? status : { ...status, podIP: podIPs[0]!.ip };
  return { ...status, podIPs: [{ ip: podIP }] };
}
