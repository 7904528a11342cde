/**
 * The specs that clients send again and again: a ReplicaSet's template makes thousands of pods. A frozen spec is decoded,
 * filled in, admitted and checked once; the pods that are made of it share the result.
 */
import type { PodSpec } from '../../model/index.ts';
import { trustPodSpec } from './validation.ts';

const known = new WeakMap<object, PodSpec>();

/** What the apiserver made of `spec` when it first saw it. */
export function knownSpec(spec: unknown): PodSpec | undefined {
  return typeof spec === 'object' && spec !== null ? known.get(spec) : undefined;
}

/** Keeps what was made of a spec. One that is not frozen may change, so it is not kept. */
export function rememberSpec(spec: unknown, result: PodSpec): void {
  if (typeof spec !== 'object' || spec === null || !Object.isFrozen(spec)) return;
  known.set(spec, result);
  trustPodSpec(result);
}
