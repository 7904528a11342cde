/** What the API calls each kind: group and version, plural, short names, whether it lives in a namespace. */
import type { Key, Kind } from './kubernetes.ts';

export interface KindInfo {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly group: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** whether `metadata.generation` counts changes of the spec */
  readonly hasGeneration: boolean;
}

function info(
  kind: Kind,
  apiVersion: string,
  plural: string,
  shortNames: readonly string[],
  flags: { namespaced?: boolean; hasGeneration?: boolean } = {},
): KindInfo {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return {
    kind,
    apiVersion,
    group,
    plural,
    shortNames,
    namespaced: flags.namespaced ?? true,
    hasGeneration: flags.hasGeneration ?? false,
  };
}

export const KIND_INFO: { readonly [K in Kind]: KindInfo } = {
  Namespace: info('Namespace', 'v1', 'namespaces', ['ns'], { namespaced: false }),
  Node: info('Node', 'v1', 'nodes', ['no'], { namespaced: false }),
  Pod: info('Pod', 'v1', 'pods', ['po'], { hasGeneration: true }),
  Service: info('Service', 'v1', 'services', ['svc']),
  EndpointSlice: info('EndpointSlice', 'discovery.k8s.io/v1', 'endpointslices', [], { hasGeneration: true }),
  ConfigMap: info('ConfigMap', 'v1', 'configmaps', ['cm']),
  Deployment: info('Deployment', 'apps/v1', 'deployments', ['deploy'], { hasGeneration: true }),
  ReplicaSet: info('ReplicaSet', 'apps/v1', 'replicasets', ['rs'], { hasGeneration: true }),
  Event: info('Event', 'v1', 'events', ['ev']),
  NodeNetworkConfig: info('NodeNetworkConfig', 'acn.azure.com/v1alpha', 'nodenetworkconfigs', ['nnc']),
  ClusterSubnetState: info('ClusterSubnetState', 'acn.azure.com/v1alpha1', 'clustersubnetstates', ['css']),
  ServiceImport: info('ServiceImport', 'multicluster.x-k8s.io/v1alpha1', 'serviceimports', ['svcim', 'svcimport'], {
    hasGeneration: true,
  }),
};

export const KINDS: readonly Kind[] = Object.keys(KIND_INFO) as Kind[];

export function isKind(text: string): text is Kind {
  return Object.hasOwn(KIND_INFO, text);
}

/** The kind a user means by `pod`, `pods`, `po` or `Pod`. */
export function kindNamed(text: string): Kind | undefined {
  const lower = text.toLowerCase();
  return KINDS.find((kind) => {
    const { plural, shortNames } = KIND_INFO[kind];
    return kind.toLowerCase() === lower || plural === lower || shortNames.includes(lower);
  });
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

// One object is asked for its key many times in a row: the text made last is handed out again, with its hash.
let last: { readonly namespace: string | undefined; readonly name: string; readonly key: Key } | undefined;

export function keyOf(object: Named): Key {
  const { namespace, name } = object.metadata;
  if (namespace === undefined) return name;
  if (last === undefined || last.name !== name || last.namespace !== namespace)
    last = { namespace, name, key: `${namespace}/${name}` };
  return last.key;
}

/** The parts of a key; the namespace is empty where the kind has none. */
export function splitKey(key: Key): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
