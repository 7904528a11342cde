/** Where objects lie in the store, and in etcd. */
import { type Key, KIND_INFO, type Kind, type KubernetesObject, keyOf } from '../model/index.ts';

/** `pods/default/my-app` */
export function storeKey(kind: Kind, key: Key): string {
  return `${KIND_INFO[kind].plural}/${key}`;
}

export function storeKeyOf(object: KubernetesObject): string {
  return storeKey(object.kind, keyOf(object));
}

const ETCD_RESOURCES: { readonly [K in Kind]?: string } = { Node: 'minions', Service: 'services/specs' };

/** The key in etcd, as texts of the storage layer name it: `/registry/services/specs/default/my-api`. */
export function etcdKey(kind: Kind, key: Key): string {
  return `/registry/${ETCD_RESOURCES[kind] ?? KIND_INFO[kind].plural}/${key}`;
}
