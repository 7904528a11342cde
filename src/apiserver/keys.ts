/** Where objects lie in the store, and in etcd. */
import { type Key, KIND_INFO, type Kind, type KubernetesObject, keyOf } from '../model/index.ts';

// A write looks its key up, and then puts it: the text made last is handed out again, with its hash.
let last: { readonly kind: Kind; readonly key: Key; readonly text: string } | undefined;

/** `pods/default/my-app` */
export function storeKey(kind: Kind, key: Key): string {
  if (last === undefined || last.key !== key || last.kind !== kind)
    last = { kind, key, text: `${KIND_INFO[kind].plural}/${key}` };
  return last.text;
}

export function storeKeyOf(object: KubernetesObject): string {
  return storeKey(object.kind, keyOf(object));
}

const ETCD_RESOURCES: { readonly [K in Kind]?: string } = { Node: 'minions', Service: 'services/specs' };

/** The key in etcd, as texts of the storage layer name it: `/registry/services/specs/default/my-api`. */
export function etcdKey(kind: Kind, key: Key): string {
  return `/registry/${ETCD_RESOURCES[kind] ?? KIND_INFO[kind].plural}/${key}`;
}
