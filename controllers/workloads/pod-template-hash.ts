/** Which ReplicaSet a pod template belongs to: its hash, and whether two templates are the same. */
import { type PodTemplateSpec, withSortedKeys } from '../../src/model/index.ts';

export const POD_TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** No vowels and no digits that look like them: no words come out (k8s.io/apimachinery/pkg/util/rand `SafeEncodeString`). */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Templates are frozen and shared, so a text made once is good for as long as the template lives. */
const texts = new WeakMap<PodTemplateSpec, string>();

/**
 * The value of the label `pod-template-hash`. The real one is FNV-1a, 32 bits, over Go's printed form of the template
 * (`ComputeHash`, kubernetes pkg/controller/controller_utils.go), which nothing but Go can print: here it is over canonical
 * JSON, so hashes have the real shape and not the real value.
 */
export function podTemplateHash(template: PodTemplateSpec): string {
  let hash = FNV_OFFSET;
  const bytes = new TextEncoder().encode(templateText(template));
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  const digits = String(hash >>> 0);
  return [...digits].map((digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]).join('');
}

/** Whether two templates differ in nothing but the hash label (`EqualIgnoreHash`, pkg/controller/deployment/util). */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return a === b || templateText(a) === templateText(b);
}

function templateText(template: PodTemplateSpec): string {
  let text = texts.get(template);
  if (text === undefined) {
    const { [POD_TEMPLATE_HASH_LABEL]: _, ...labels } = template.metadata.labels ?? {};
    text = JSON.stringify(withSortedKeys({ ...template, metadata: { ...template.metadata, labels } }));
    texts.set(template, text);
  }
  return text;
}
