/** The class that a pod's resources put it in. Source: kubernetes pkg/apis/core/v1/helper/qos/qos.go. */
import { compareQuantities } from '../../model/index.ts';
import type { RawContainer, RawPodSpec } from './raw.ts';

const COUNTED = ['cpu', 'memory'];

export function qosClassOf(spec: RawPodSpec): string {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const asked = containers.some((container) => COUNTED.some((name) => isAsked(container, name)));
  if (!asked) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function isAsked({ resources }: RawContainer, name: string): boolean {
  const quantities = [resources.requests?.[name], resources.limits?.[name]];
  return quantities.some((quantity) => quantity !== undefined && compareQuantities(quantity, '0') > 0);
}

function isGuaranteed({ resources }: RawContainer): boolean {
  return COUNTED.every((name) => {
    const limit = resources.limits?.[name];
    const request = resources.requests?.[name];
    return limit !== undefined && request !== undefined && compareQuantities(limit, request) === 0;
  });
}
