/** What an event changed, in a few words. */
import type { Happening } from '../emulator/index.ts';
import type { Endpoint, KubernetesObject } from '../model/index.ts';
import { oneLine } from './one-line.ts';
import { formatPath, type Path } from './problem.ts';

type Event = Extract<Happening, { what: 'event' }>;

const CHANGES_MAX = 6;
const VALUE_LENGTH_MAX = 60;

/** Fields that change with every write, or say only when something was written. */
const ALWAYS_CHANGED = new Set(['resourceVersion', 'generation', 'managedFields']);
const BOOKKEEPING: ReadonlySet<string> = new Set([
  ...ALWAYS_CHANGED,
  'observedGeneration',
  'lastTransitionTime',
  'lastUpdateTime',
  'lastProbeTime',
  'creationTimestamp',
]);

export function describeChange({ type, object, before }: Event): string {
  switch (type) {
    case 'ADDED':
      return describeObject(object);
    case 'DELETED':
      return '';
    case 'MODIFIED': {
      const changes = meaningfulChanges(before, object);
      const more = changes.length - CHANGES_MAX;
      return [...changes.slice(0, CHANGES_MAX), ...(more > 0 ? [`${more} more`] : [])].join(', ');
    }
    default: {
      const impossible: never = type;
      throw new Error(`no event is of type ${String(impossible)}`);
    }
  }
}

/** What changed; where that is bookkeeping only, the bookkeeping. */
function meaningfulChanges(before: unknown, after: unknown): readonly string[] {
  const changes = differences(before, after, [], BOOKKEEPING);
  return changes.length > 0 ? changes : differences(before, after, [], ALWAYS_CHANGED);
}

/** `spec.replicas 3 → 5`, `condition Ready False → True`, `endpoints + 10.244.1.20 ready`. */
function differences(before: unknown, after: unknown, path: Path, ignored: ReadonlySet<string>): readonly string[] {
  if (before === after) return [];
  if (isConditions(path)) return conditionChanges(before, after);
  if (isMap(after) && (isMap(before) || before === undefined)) {
    const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])];
    return keys
      .filter((key) => !ignored.has(key))
      .flatMap((key) => differences(before?.[key], after[key], [...path, key], ignored));
  }
  if (Array.isArray(after) || Array.isArray(before))
    return listChanges((before ?? []) as readonly unknown[], (after ?? []) as readonly unknown[], formatPath(path));
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before === undefined) return [`${formatPath(path)} ${short(after)}`];
  return [
    after === undefined ? `${formatPath(path)} removed` : `${formatPath(path)} ${short(before)} → ${short(after)}`,
  ];
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isConditions = (path: Path) => path.length === 2 && path[0] === 'status' && path[1] === 'conditions';

interface NamedCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

function conditionChanges(before: unknown, after: unknown): readonly string[] {
  const earlier = new Map(
    ((before ?? []) as readonly NamedCondition[]).map((condition) => [condition.type, condition]),
  );
  return ((after ?? []) as readonly NamedCondition[]).flatMap(({ type, status, reason }) => {
    const was = earlier.get(type);
    if (was === undefined) return [`${type} ${status}`];
    if (was.status !== status) return [`${type} ${was.status} → ${status}`];
    return was.reason === reason ? [] : [`${type} ${status}, reason ${was.reason} → ${reason}`];
  });
}

/** What came into a list and what left it. */
function listChanges(before: readonly unknown[], after: readonly unknown[], path: string): readonly string[] {
  const [had, has] = [before.map(describeItem), after.map(describeItem)];
  return [
    ...has.filter((item) => !had.includes(item)).map((item) => `${path} + ${item}`),
    ...had.filter((item) => !has.includes(item)).map((item) => `${path} - ${item}`),
  ];
}

/** An endpoint, a taint or anything else that a list holds. */
function describeItem(item: unknown): string {
  if (!isMap(item)) return short(item);
  if (Array.isArray(item['addresses'])) return describeEndpoint(item as unknown as Endpoint);
  if (typeof item['effect'] === 'string') return `${item['key']}:${item['effect']}`;
  return short(item);
}

function describeEndpoint({ addresses, conditions }: Endpoint): string {
  const state = conditions.ready === false ? 'not ready' : 'ready';
  return `${addresses.join(', ')} ${state}${conditions.terminating === true ? ', terminating' : ''}`;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX - 1)}…` : text;
}

/** What a new object is for: addresses, ports, numbers. */
export function describeObject(object: KubernetesObject): string {
  switch (object.kind) {
    case 'Pod':
      return object.spec.nodeName === undefined ? `phase ${object.status.phase}` : `on ${object.spec.nodeName}`;
    case 'Service':
      return describeService(object.spec);
    case 'EndpointSlice':
      return describeEndpoints(object.endpoints ?? []);
    case 'Node':
      return (object.status.addresses ?? []).map(({ type, address }) => `${type} ${address}`).join(', ');
    case 'Deployment':
    case 'ReplicaSet':
      return `replicas ${object.spec.replicas}`;
    case 'ConfigMap':
      return `keys ${Object.keys(object.data ?? {}).join(', ')}`;
    case 'Event':
      return `${object.type} ${object.reason}: ${oneLine(object.message)}`;
    case 'NodeNetworkConfig':
      return `requests ${object.spec.requestedIPCount}`;
    case 'ServiceImport':
      return object.spec === undefined ? '' : [object.spec.type, ...(object.spec.ips ?? [])].join(' ');
    case 'ClusterSubnetState':
      return object.status?.exhausted === true ? 'exhausted' : 'not exhausted';
    case 'Namespace':
      return '';
    default: {
      const impossible: never = object;
      throw new Error(`no kind is ${JSON.stringify(impossible)}`);
    }
  }
}

function describeEndpoints(endpoints: readonly Endpoint[]): string {
  const more = endpoints.length - CHANGES_MAX;
  const shown = endpoints.slice(0, CHANGES_MAX).map(describeEndpoint).join('; ');
  return endpoints.length === 0 ? 'no endpoints' : `endpoints ${shown}${more > 0 ? `; ${more} more` : ''}`;
}

type ServiceSpec = Extract<KubernetesObject, { kind: 'Service' }>['spec'];

function describeService({ type, clusterIP, externalName, ports }: ServiceSpec): string {
  if (type === 'ExternalName') return `ExternalName ${externalName}`;
  const list = (ports ?? []).map(({ port, protocol, targetPort, nodePort }) => {
    const node = nodePort === undefined ? '' : ` (node port ${nodePort})`;
    return `${port}/${protocol} → ${targetPort}${node}`;
  });
  return `${type} ${clusterIP ?? ''}${list.length > 0 ? `, ${list.join(', ')}` : ''}`;
}
