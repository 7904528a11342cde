/** Label selectors, as apimachinery's `labels` package decides them. */
import type { LabelSelector, Labels } from './kubernetes.ts';

const NO_LABELS: Labels = {};

/** Whether every pair of an equality selector is among the labels. An empty selector matches everything. */
export function matchesLabels(selector: Labels, labels: Labels = NO_LABELS): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}

export function matchesSelector(selector: LabelSelector, labels: Labels = NO_LABELS): boolean {
  if (selector.matchLabels !== undefined && !matchesLabels(selector.matchLabels, labels)) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels[key];
    switch (operator) {
      case 'In':
        if (value === undefined || !values.includes(value)) return false;
        break;
      case 'NotIn':
        if (value !== undefined && values.includes(value)) return false;
        break;
      case 'Exists':
        if (value === undefined) return false;
        break;
      case 'DoesNotExist':
        if (value !== undefined) return false;
        break;
    }
  }
  return true;
}
