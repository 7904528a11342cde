/** Pods. Source: kubernetes pkg/registry/core/pod/strategy.go. */
import type { Condition, Pod, PodSpec, Toleration } from '../../model/index.ts';
import { ipFindings } from '../addresses.ts';
import type { FieldErrors } from '../field-errors.ts';
import { labelName, qualifiedName, subdomainName } from '../names.ts';
import { deepEqual } from '../sharing.ts';
import { type Strategy, withGeneration } from '../strategy.ts';
import { tolerateNodeLoss } from './admission.ts';
import { alignPodIps, completePodSpec } from './defaults.ts';
import { qosClassOf } from './quality-of-service.ts';
import { type RawPodSpec, rawSpec } from './raw.ts';
import { podSpecWarnings, validatePodSpec } from './validation.ts';

const ONLY_THESE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const SECCOMP_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';

export const POD_STRATEGY: Strategy<'Pod'> = {
  nameRule: subdomainName,
  applyDefaults(pod, before) {
    const spec = pod.spec === before?.spec ? pod.spec : completePodSpec(pod.spec);
    const status = pod.status === before?.status ? pod.status : alignPodIps(pod.status);
    return spec === pod.spec && status === pod.status ? pod : { ...pod, spec, status };
  },
  prepareForCreate: (pod) => ({ ...pod, status: pendingStatus(qosOf(pod.spec)) }),
  prepareForUpdate(pod, before) {
    const { spec } = pod;
    if (spec === before.spec) return { ...pod, status: before.status };
    const priority = before.spec.priority === undefined ? {} : { priority: before.spec.priority };
    const admitted = { ...spec, ...priority, tolerations: tolerateNodeLoss(spec.tolerations ?? []) };
    return withGeneration({ ...pod, spec: admitted, status: before.status }, before, !deepEqual(admitted, before.spec));
  },
  prepareForStatusUpdate(pod, before) {
    const metadata = withOwnersOf(pod.metadata, before.metadata);
    const qosClass = pod.status.qosClass ?? before.status.qosClass;
    const status = pod.status.qosClass === qosClass ? pod.status : { ...pod.status, qosClass: qosClass! };
    const same = metadata === pod.metadata && pod.spec === before.spec && status === pod.status;
    return same ? pod : { ...pod, metadata, spec: before.spec, status };
  },
  validate: (pod, errors) => validatePodSpec(pod.spec, 'spec', errors),
  validateUpdate: validateChange,
  validateStatusUpdate: validateStatus,
  warnings: (pod, before) => (before === undefined ? createWarnings(pod) : []),
};

function withOwnersOf(metadata: Pod['metadata'], { ownerReferences }: Pod['metadata']): Pod['metadata'] {
  if (metadata.ownerReferences === ownerReferences) return metadata;
  const { ownerReferences: _, ...others } = metadata;
  return ownerReferences === undefined ? others : { ...others, ownerReferences };
}

const qosClasses = new WeakMap<PodSpec, string>();

const warningsOfSpecs = new WeakMap<PodSpec, readonly string[]>();

function specWarnings(spec: PodSpec): readonly string[] {
  let warnings = warningsOfSpecs.get(spec);
  if (warnings === undefined) warningsOfSpecs.set(spec, (warnings = podSpecWarnings(spec)));
  return warnings;
}

function qosOf(spec: PodSpec): string {
  let qosClass = qosClasses.get(spec);
  if (qosClass === undefined) qosClasses.set(spec, (qosClass = qosClassOf(rawSpec(spec))));
  return qosClass;
}

const pendingStatuses = new Map<string, Pod['status']>();

/** One object for all new pods of a class. */
function pendingStatus(qosClass: string): Pod['status'] {
  let status = pendingStatuses.get(qosClass);
  if (status === undefined) pendingStatuses.set(qosClass, (status = Object.freeze({ phase: 'Pending', qosClass })));
  return status;
}

function createWarnings(pod: Pod): readonly string[] {
  const warnings: string[] = [];
  const findings = labelName(pod.metadata.name);
  const hostname =
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  if (findings.length > 0) warnings.push(`${hostname}: [${findings.join(' ')}]`);
  if (pod.metadata.annotations?.[SECCOMP_ANNOTATION] !== undefined)
    warnings.push(
      `metadata.annotations[${SECCOMP_ANNOTATION}]: non-functional in v1.27+; use the "seccompProfile" field instead`,
    );
  const ofSpec = specWarnings(pod.spec);
  return warnings.length === 0 ? ofSpec : warnings.concat(ofSpec);
}

/** Only images, the deadline and further tolerations may change. */
function validateChange(pod: Pod, before: Pod, errors: FieldErrors): void {
  if (pod.spec === before.spec) return;
  validatePodSpec(pod.spec, 'spec', errors);
  const spec = rawSpec(pod.spec);
  const old = rawSpec(before.spec);
  if ((spec.containers?.length ?? 0) !== (old.containers?.length ?? 0)) {
    errors.forbidden('spec.containers', 'pod updates may not add or remove containers');
    return;
  }
  validateTolerationChange(spec.tolerations ?? [], old.tolerations ?? [], errors);
  if (!deepEqual(immutablePart(spec), immutablePart(old))) errors.forbidden('spec', ONLY_THESE);
}

function validateTolerationChange(
  tolerations: readonly Toleration[],
  before: readonly Toleration[],
  errors: FieldErrors,
): void {
  const kept = before.every((old) => tolerations.some((each) => deepEqual(each, old)));
  if (!kept)
    errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

function immutablePart(spec: RawPodSpec): object {
  const { tolerations: _tolerations, activeDeadlineSeconds: _deadline, containers, initContainers, ...rest } = spec;
  const withoutImage = (each: { readonly image: string }) => ({ ...each, image: '' });
  return {
    ...rest,
    containers: containers?.map(withoutImage),
    initContainers: initContainers?.map(withoutImage) ?? [],
  };
}

// Pods that become ready together share their conditions: those once found right, and frozen, need no second look.
const rightConditions = new WeakSet<readonly Condition[]>();

function validateConditions(conditions: readonly Condition[], errors: FieldErrors): void {
  if (rightConditions.has(conditions)) return;
  const before = errors.causes.length;
  for (const [i, { type }] of conditions.entries())
    errors.invalidEach(`status.conditions[${i}].Type`, type, qualifiedName(type));
  if (errors.causes.length === before && Object.isFrozen(conditions)) rightConditions.add(conditions);
}

function validateStatus({ status }: Pod, before: Pod, errors: FieldErrors): void {
  const { conditions } = status;
  if (conditions !== undefined && conditions !== before.status.conditions) validateConditions(conditions, errors);
  validateIps('podIPs', status.podIPs, before.status.podIPs, errors);
  validateIps('hostIPs', status.hostIPs, before.status.hostIPs, errors);
}

type Ips = readonly { readonly ip: string }[] | undefined;

function validateIps(name: string, ips: Ips = [], before: Ips, errors: FieldErrors): void {
  if (ips === before) return;
  for (let i = 0; i < ips.length; i++) {
    const { ip } = ips[i]!;
    const findings = ipFindings(ip);
    if (findings.length > 0) errors.invalidEach(`status.${name}[${i}]`, ip, findings);
  }
  if (ips.length > 1 && ips.some(({ ip }, i) => ips.findIndex((other) => other.ip === ip) < i))
    errors.invalid(`status.${name}`, ips, 'may specify no more than one IP for each IP family');
}
