/**
 * The service controller of cloud-controller-manager: gives Services of type LoadBalancer their load balancer, and takes it
 * away again. It syncs one Service at a time, and holds up while Azure works.
 *
 * Source: k8s.io/cloud-provider controllers/service/controller.go (--concurrent-service-syncs=1).
 */
import { azure, type Key, type Moment, type Service } from '../../../src/model/index.ts';
import type { Controller, Intent, View } from '../../../src/reconcile/index.ts';
import { disablesFloatingIp } from '../annotations.ts';
import type { CloudConfig } from '../cloud-config.ts';
import type { LoadBalancerConfiguration } from '../multiple-load-balancers/configuration.ts';
import { addressesOfService } from '../security-group/shared-destinations.ts';
import { SyncError } from '../sync-error.ts';
import { internalIps } from './eligible-nodes.ts';
import { LOCAL_POOL_INDEXES, localPoolWatches, serviceOfPoolKey, updateLocalPool } from './local-pool.ts';
import { isMisplaced, nextPoolHosts } from './pool-hosts.ts';
import { responseErrorText } from './response-error.ts';
import {
  loadBalancerWith,
  NODES_BY_ADDRESS,
  nextToEnsure,
  nextToRemove,
  SERVICES_BY_ADDRESS,
  SERVICES_WITHOUT_FLOATING_IP,
  type SyncStep,
} from './sync.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const RETRY_FIRST_MS = 5000;
const RETRY_LONGEST_MS = 300_000;
const PROVIDER = 'azure-cloud-provider';

export function serviceController(config: CloudConfig): Controller {
  return {
    name: 'service-controller',
    program: 'cloud-controller-manager',
    backoff: { firstMs: RETRY_FIRST_MS, longestMs: RETRY_LONGEST_MS },
    watches: {
      Service: (service, _, key) => (concerns(service) ? [key] : []),
      ...(config.backendPoolType === 'nodeIP' ? nodeWatch(config) : {}),
      ...(config.loadBalancers.length > 0 ? localPoolWatches(config) : {}),
      // Read when a Service is synced: a namespace's labels alone move nothing.
      ...(config.loadBalancers.some(selectsNamespaces) ? { Namespace: () => [] } : {}),
    },
    indexes: {
      Service: {
        [SERVICES_BY_ADDRESS]: addressesOfService,
        [SERVICES_WITHOUT_FLOATING_IP]: (service) => (disablesFloatingIp(service) ? ['true'] : []),
      },
      Node: { [NODES_BY_ADDRESS]: internalIps },
      ...(config.loadBalancers.length > 0 ? LOCAL_POOL_INDEXES : {}),
    },
    reconcile: (view, key, at) => reconcile(view, key, config, at),
    failed: (view, key, error, call) => failed(view, key, error, call),
  };
}

/** Nodes that come and go are members of all Services' load balancers at once: one key, which no Service has, stands for them. */
const NODES: Key = 'nodes';

function nodeWatch(config: CloudConfig): Controller['watches'] {
  return { Node: (node, view) => (isMisplaced(node, view, config) ? [NODES] : []) };
}

function placeNodes(view: View, config: CloudConfig): readonly Intent[] {
  const call = nextPoolHosts(view, config);
  return call === undefined ? [] : [{ do: 'call', call }];
}

/** While the Service itself is synced, that sees to its pool. */
function placeEndpoints(key: Key, look: Parameters<typeof updateLocalPool>[2]): readonly Intent[] {
  const service = look.view.get('Service', key);
  if (service === undefined || !wants(service) || look.view.dataplane.loadBalancerSync.has(key)) return [];
  try {
    return updateLocalPool(service, loadBalancerWith(service, look.view, look.config), look);
  } catch (error) {
    // What the Service asks for cannot be: its own sync says so.
    if (error instanceof SyncError) return [];
    throw error;
  }
}

function selectsNamespaces({ serviceNamespaceSelector }: LoadBalancerConfiguration): boolean {
  return serviceNamespaceSelector !== undefined;
}

function concerns(service: Service): boolean {
  return wants(service) || hasFinalizer(service);
}

function wants({ spec, metadata }: Service): boolean {
  const isOurs = spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;
  return isOurs && metadata.deletionTimestamp === undefined;
}

function hasFinalizer({ metadata }: Service): boolean {
  return metadata.finalizers?.includes(FINALIZER) === true;
}

function reconcile(view: View, key: Key, config: CloudConfig, at: Moment): readonly Intent[] {
  if (key === NODES) return placeNodes(view, config);
  const pooled = serviceOfPoolKey(key);
  if (pooled !== undefined) return placeEndpoints(pooled, { view, config, at });
  const service = view.get('Service', key);
  const isSyncing = view.dataplane.loadBalancerSync.has(key);
  if (service === undefined || !concerns(service)) return isSyncing ? [mark(key, undefined)] : [];
  try {
    return wants(service) ? ensure(service, view, key, config) : remove(service, view, key, config);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return [...failure(service, error.message, key), { do: 'fail', message: error.message }];
  }
}

function ensure(service: Service, view: View, key: Key, config: CloudConfig): readonly Intent[] {
  const step = nextToEnsure(service, view, config);
  const isSyncing = view.dataplane.loadBalancerSync.has(key);
  const isDone = step.step === 'done' && hasFinalizer(service) && hasIps(service, step.ips);
  if (isDone && !isSyncing) return [];
  const begin = isSyncing
    ? []
    : [event(service, 'EnsuringLoadBalancer', 'Ensuring load balancer'), mark(key, 'ensuring')];
  const intents = [
    ...begin,
    ...(hasFinalizer(service) ? [] : [withFinalizer(service, key)]),
    ...warnings(service, step),
  ];
  if (step.step === 'call') return [...intents, { do: 'call', call: step.call }];
  return [
    ...intents,
    ...(hasIps(service, step.ips) ? [] : [withIps(key, step.ips)]),
    event(service, 'EnsuredLoadBalancer', 'Ensured load balancer'),
    mark(key, undefined),
  ];
}

function remove(service: Service, view: View, key: Key, config: CloudConfig): readonly Intent[] {
  const step = nextToRemove(service, view, config);
  const isSyncing = view.dataplane.loadBalancerSync.has(key);
  if (step.step === 'call') {
    const begin = isSyncing
      ? []
      : [event(service, 'DeletingLoadBalancer', 'Deleting load balancer'), mark(key, 'deleting')];
    return [...begin, ...warnings(service, step), { do: 'call', call: step.call }];
  }
  return [
    ...(hasIps(service, []) || service.metadata.deletionTimestamp !== undefined ? [] : [withIps(key, [])]),
    event(service, 'DeletedLoadBalancer', 'Deleted load balancer'),
    mark(key, undefined),
    withoutFinalizer(service, key),
  ];
}

function failed(view: View, key: Key, error: azure.CloudError, call: azure.CloudCall): readonly Intent[] {
  const service = view.get('Service', key);
  if (service === undefined) return [];
  const text = responseErrorText(call, error);
  return [providerEvent(service, call, text), ...failure(service, text, key)];
}

/** The provider's own word on a write that Azure did not take, which stands beside the controller's. */
function providerEvent(service: Service, call: azure.CloudCall, message: string): Intent {
  const name = call.method === 'PUT' ? azure.nameOfType(call.resource.type) : call.resource;
  const what = { 'public-ip': 'PublicIPAddress', lb: 'LoadBalancer', nsg: 'SecurityGroup' }[name as string] ?? name;
  const reason = `${call.method === 'PUT' ? 'CreateOrUpdate' : 'Delete'}${what}`;
  return { do: 'event', about: service, type: 'Warning', reason, message, component: PROVIDER };
}

function failure(service: Service, text: string, key: Key): readonly Intent[] {
  const what = wants(service) ? 'failed to ensure load balancer' : 'failed to delete load balancer';
  const message = `Error syncing load balancer: ${what}: ${text}`;
  return [
    { do: 'event', about: service, type: 'Warning', reason: 'SyncLoadBalancerFailed', message },
    mark(key, undefined),
  ];
}

function event(about: Service, reason: string, message: string): Intent {
  return { do: 'event', about, type: 'Normal', reason, message };
}

function warnings(about: Service, step: SyncStep): readonly Intent[] {
  return step.warnings.map(({ reason, message }) => {
    return { do: 'event', about, type: 'Warning', reason, message, component: PROVIDER };
  });
}

function mark(key: Key, value: 'ensuring' | 'deleting' | undefined): Intent {
  return { do: 'program', piece: 'loadBalancerSync', key, value };
}

function hasIps({ status }: Service, ips: readonly string[]): boolean {
  const own = (status.loadBalancer.ingress ?? []).map(({ ip }) => ip);
  return own.length === ips.length && own.every((ip, i) => ip === ips[i]);
}

function withIps(key: Key, ips: readonly string[]): Intent {
  const ingress = ips.length === 0 ? null : ips.map((ip) => ({ ip, ipMode: 'VIP' }));
  return { do: 'patch', kind: 'Service', key, patch: { status: { loadBalancer: { ingress } } }, status: true };
}

function withFinalizer({ metadata }: Service, key: Key): Intent {
  return withFinalizers(key, metadata.uid, [...(metadata.finalizers ?? []), FINALIZER]);
}

function withoutFinalizer({ metadata }: Service, key: Key): Intent {
  return withFinalizers(
    key,
    metadata.uid,
    (metadata.finalizers ?? []).filter((name) => name !== FINALIZER),
  );
}

function withFinalizers(key: Key, uid: string, finalizers: readonly string[]): Intent {
  return { do: 'patch', kind: 'Service', key, patch: { metadata: { finalizers } }, precondition: { uid } };
}
