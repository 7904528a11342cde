/** Where objects lie in etcd. */
import { type Key, KIND_INFO, type Kind } from '../model/index.ts';

const ETCD_RESOURCES: { readonly [K in Kind]?: string } = { Node: 'minions', Service: 'services/specs' };

/** The key in etcd, as texts of the storage layer name it: `/registry/services/specs/default/my-api`. */
export function etcdKey(kind: Kind, key: Key): string {
  return `/registry/${ETCD_RESOURCES[kind] ?? KIND_INFO[kind].plural}/${key}`;
}
