/** Which taints a pod tolerates. Source: `ToleratesTaint`, k8s.io/component-helpers scheduling/corev1 and k8s.io/api core/v1. */
import type { Taint, Toleration } from './kubernetes.ts';

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(({ key, operator = 'Equal', value, effect }) => {
    if (effect !== undefined && effect !== taint.effect) return false;
    if (key !== undefined && key !== '' && key !== taint.key) return false;
    return operator === 'Exists' || (value ?? '') === (taint.value ?? '');
  });
}
