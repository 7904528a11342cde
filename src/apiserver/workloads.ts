/**
 * Deployments and ReplicaSets. Sources: kubernetes pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go,
 * pkg/registry/apps/{deployment,replicaset}/strategy.go.
 */
import {
  type Deployment,
  type LabelSelector,
  matchesSelector,
  type PodTemplateSpec,
  type ReplicaSet,
  withFields,
} from '../model/index.ts';
import type { FieldErrors } from './field-errors.ts';
import { validateImmutable, validateLabels, validateNonNegative } from './metadata.ts';
import { labelValue, percentage, qualifiedName, subdomainName } from './names.ts';
import { applyTemplateDefaults } from './pod/defaults.ts';
import { validatePodSpec } from './pod/validation.ts';
import { deepEqual } from './sharing.ts';
import { type Strategy, withGeneration } from './strategy.ts';

const QUARTER = '25%';
const STRATEGIES = ['Recreate', 'RollingUpdate'];
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

export const DEPLOYMENT_STRATEGY: Strategy<'Deployment'> = {
  nameRule: subdomainName,
  applyDefaults(deployment, before) {
    if (deployment.spec === before?.spec) return deployment;
    const { spec } = deployment;
    return {
      ...deployment,
      spec: withFields(spec, {
        replicas: spec.replicas ?? 1,
        template: applyTemplateDefaults(spec.template, before?.spec.template),
        strategy: defaultStrategy(spec.strategy),
        revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
        progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
      }),
    };
  },
  prepareForCreate: (deployment) => ({ ...deployment, status: {} }),
  prepareForUpdate(deployment, before) {
    const sameSpec = deepEqual(deployment.spec, before.spec);
    const same = sameSpec && deepEqual(deployment.metadata.annotations, before.metadata.annotations);
    return withGeneration({ ...deployment, status: before.status }, before, !same);
  },
  prepareForStatusUpdate(deployment, before) {
    if (deployment.metadata === before.metadata && deployment.spec === before.spec) return deployment;
    const { labels: _, ...metadata } = deployment.metadata;
    const kept =
      before.metadata.labels === undefined ? metadata : withFields(metadata, { labels: before.metadata.labels });
    return { ...deployment, metadata: kept, spec: before.spec };
  },
  validate: validateDeployment,
  validateUpdate(deployment, before, errors) {
    if (deployment.spec !== before.spec) validateDeployment(deployment, errors);
    validateImmutable('spec.selector', deployment.spec.selector, before.spec.selector, errors);
  },
  validateStatusUpdate: ({ status }, _before, errors) => validateCounts(status, errors),
};

export const REPLICA_SET_STRATEGY: Strategy<'ReplicaSet'> = {
  nameRule: subdomainName,
  applyDefaults(replicaSet, before) {
    if (replicaSet.spec === before?.spec) return replicaSet;
    const { spec } = replicaSet;
    const template = applyTemplateDefaults(spec.template, before?.spec.template);
    return { ...replicaSet, spec: withFields(spec, { replicas: spec.replicas ?? 1, template }) };
  },
  prepareForCreate: (replicaSet) => ({ ...replicaSet, status: { replicas: 0 } }),
  prepareForUpdate(replicaSet, before) {
    const same = deepEqual(replicaSet.spec, before.spec);
    return withGeneration({ ...replicaSet, status: before.status }, before, !same);
  },
  prepareForStatusUpdate: (replicaSet, before) =>
    replicaSet.spec === before.spec ? replicaSet : { ...replicaSet, spec: before.spec },
  validate: ({ spec }, errors) => validateReplicaSet(spec, errors),
  validateUpdate(replicaSet, before, errors) {
    if (replicaSet.spec !== before.spec) validateReplicaSet(replicaSet.spec, errors);
    validateImmutable('spec.selector', replicaSet.spec.selector, before.spec.selector, errors);
  },
  validateStatusUpdate: ({ status }, _before, errors) => validateCounts(status, errors),
};

function defaultStrategy(strategy: Partial<Deployment['spec']['strategy']>): Deployment['spec']['strategy'] {
  const { type = 'RollingUpdate', rollingUpdate } = strategy;
  if (type !== 'RollingUpdate') return { ...strategy, type };
  const { maxUnavailable = QUARTER, maxSurge = QUARTER } = rollingUpdate ?? {};
  return { type, rollingUpdate: { maxUnavailable, maxSurge } };
}

function validateDeployment({ spec }: Deployment, errors: FieldErrors): void {
  validateNonNegative('spec.replicas', spec.replicas, errors);
  validateWorkloadSelector(spec.selector, errors);
  validateTemplate(spec.template, spec.selector, errors);
  validateStrategy(spec.strategy, errors);
  validateNonNegative('spec.minReadySeconds', spec.minReadySeconds, errors);
  validateNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit, errors);
  validateNonNegative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds, errors);
  if (spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0))
    errors.invalid(
      'spec.progressDeadlineSeconds',
      spec.progressDeadlineSeconds,
      'must be greater than minReadySeconds',
    );
}

function validateReplicaSet(spec: ReplicaSet['spec'], errors: FieldErrors): void {
  validateNonNegative('spec.replicas', spec.replicas, errors);
  validateNonNegative('spec.minReadySeconds', spec.minReadySeconds, errors);
  validateWorkloadSelector(spec.selector, errors);
  validateTemplate(spec.template, spec.selector, errors);
}

function validateWorkloadSelector(selector: LabelSelector | null, errors: FieldErrors): void {
  if (selector === null) {
    errors.required('spec.selector');
    return;
  }
  validateSelector('spec.selector', selector, errors);
  if (isEmptySelector(selector)) errors.invalid('spec.selector', selector, 'empty selector is invalid for deployment');
}

function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return matchLabels === undefined && matchExpressions === undefined;
}

/** Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation `ValidateLabelSelector`. */
export function validateSelector(field: string, selector: LabelSelector, errors: FieldErrors): void {
  validateLabels(selector.matchLabels, `${field}.matchLabels`, errors);
  for (const [i, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const each = `${field}.matchExpressions[${i}]`;
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues && values.length === 0)
      errors.required(`${each}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    if (!needsValues && values.length > 0 && OPERATORS.includes(operator))
      errors.forbidden(`${each}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    if (!OPERATORS.includes(operator)) errors.invalid(`${each}.operator`, operator, 'not a valid selector operator');
    errors.invalidEach(`${each}.key`, key, qualifiedName(key));
    for (const [v, value] of values.entries()) errors.invalidEach(`${each}.values[${v}]`, value, labelValue(value));
  }
}

function validateTemplate(template: PodTemplateSpec, selector: LabelSelector | null, errors: FieldErrors): void {
  const { labels } = template.metadata;
  // A selector that is missing selects nothing; an empty one is refused already.
  const matches = selector !== null && (isEmptySelector(selector) || matchesSelector(selector, labels));
  if (!matches)
    errors.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  validateLabels(labels, 'spec.template.labels', errors);
  validatePodSpec(template.spec, 'spec.template.spec', errors);
  const { restartPolicy } = template.spec;
  if (restartPolicy !== 'Always') errors.notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']);
}

function validateStrategy({ type, rollingUpdate }: Deployment['spec']['strategy'], errors: FieldErrors): void {
  const field = 'spec.strategy';
  if (type === 'Recreate') {
    if (rollingUpdate !== undefined)
      errors.forbidden(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
  } else if (type === 'RollingUpdate') {
    validateRollingUpdate(`${field}.rollingUpdate`, rollingUpdate, errors);
  } else {
    errors.notSupported(field, { Type: type, RollingUpdate: rollingUpdate ?? null }, STRATEGIES);
  }
}

function validateRollingUpdate(
  field: string,
  rollingUpdate: Deployment['spec']['strategy']['rollingUpdate'],
  errors: FieldErrors,
): void {
  if (rollingUpdate === undefined) {
    errors.required(field, 'this should be defaulted and never be nil');
    return;
  }
  const { maxUnavailable, maxSurge } = rollingUpdate;
  validateIntOrPercent(`${field}.maxUnavailable`, maxUnavailable, errors);
  validateIntOrPercent(`${field}.maxSurge`, maxSurge, errors);
  if (intOf(maxUnavailable) === 0 && intOf(maxSurge) === 0)
    errors.invalid(`${field}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  if (typeof maxUnavailable === 'string' && percentage(maxUnavailable).length === 0 && intOf(maxUnavailable) > 100)
    errors.invalid(`${field}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%');
}

function validateIntOrPercent(field: string, value: number | string, errors: FieldErrors): void {
  if (typeof value === 'string') errors.invalidEach(field, value, percentage(value));
  else validateNonNegative(field, value, errors);
}

function intOf(value: number | string): number {
  return typeof value === 'number' ? value : Number.parseInt(value, 10);
}

function validateCounts(status: object, errors: FieldErrors): void {
  for (const [name, value] of Object.entries(status)) {
    if (typeof value === 'number' && value < 0) validateNonNegative(`status.${name}`, value, errors);
  }
}
