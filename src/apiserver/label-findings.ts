/**
 * What is wrong with labels and selectors that stand in settings and not in an object, each at its place.
 * Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go `ValidateLabels`, `ValidateLabelSelector`.
 */
import type { LabelSelector, Labels } from '../model/index.ts';
import { labelValue, qualifiedName } from './names.ts';

export interface LabelFinding {
  /** from the labels or the selector down: `['matchExpressions', 0, 'key']` */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A label whose key is wrong, or whose value is; the path is its key. */
export function labelFindings(labels: Labels): readonly LabelFinding[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...invalid([key], key, qualifiedName(key)),
    ...invalid([key], value, labelValue(value)),
  ]);
}

export function selectorFindings({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly LabelFinding[] {
  return [
    ...labelFindings(matchLabels).map(({ path, message }) => ({ path: ['matchLabels', ...path], message })),
    ...matchExpressions.flatMap((expression, i) =>
      expressionFindings(expression).map(({ path, message }) => ({ path: ['matchExpressions', i, ...path], message })),
    ),
  ];
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function expressionFindings({ key, operator, values = [] }: Expression): readonly LabelFinding[] {
  const path = ['values'];
  const isSet = operator === 'In' || operator === 'NotIn';
  const found = [
    ...invalid(['key'], key, qualifiedName(key)),
    ...values.flatMap((value, i) => invalid([...path, i], value, labelValue(value))),
  ];
  if (isSet && values.length === 0)
    return [...found, { path, message: `must name at least one value for operator ${operator}` }];
  if (isSet || values.length === 0) return found;
  return [...found, { path, message: `must be left out for operator ${operator}` }];
}

/** One sentence a value, though several rules may be broken. */
function invalid(path: LabelFinding['path'], value: string, [finding]: readonly string[]): readonly LabelFinding[] {
  return finding === undefined ? [] : [{ path, message: `${JSON.stringify(value)}: ${finding}` }];
}
