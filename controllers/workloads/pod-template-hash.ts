/** Which ReplicaSet a pod template belongs to: its hash, and whether two templates are the same. */
import { isEqual, type PodTemplateSpec, withSortedKeys } from '../../src/model/index.ts';

export const POD_TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** No vowels and no digits that look like them: no words come out (k8s.io/apimachinery/pkg/util/rand `SafeEncodeString`). */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Templates are frozen: two that were found the same stay so. Each with the one that it was compared with last. */
const same = new WeakMap<PodTemplateSpec, PodTemplateSpec>();

/**
 * The value of the label `pod-template-hash`. The real one is FNV-1a, 32 bits, over Go's printed form of the template
 * (`ComputeHash`, kubernetes pkg/controller/controller_utils.go), which nothing but Go can print: here it is over canonical
 * JSON, so hashes have the real shape and not the real value.
 */
export function podTemplateHash(template: PodTemplateSpec): string {
  let hash = FNV_OFFSET;
  const bytes = new TextEncoder().encode(JSON.stringify(withSortedKeys(withoutHash(template))));
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  const digits = String(hash >>> 0);
  return [...digits].map((digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]).join('');
}

/** Whether two templates differ in nothing but the hash label (`EqualIgnoreHash`, pkg/controller/deployment/util). */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  if (a === b || same.get(a) === b) return true;
  if (!isEqual(withoutHash(a), withoutHash(b))) return false;
  same.set(a, b);
  return true;
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { labels: all } = template.metadata;
  if (all !== undefined && !(POD_TEMPLATE_HASH_LABEL in all)) return template;
  const { [POD_TEMPLATE_HASH_LABEL]: _, ...labels } = template.metadata.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
