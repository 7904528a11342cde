/** What an event changed, in a few words. */
import type { Happening } from '../emulator/index.ts';
import type { KubernetesObject } from '../model/index.ts';
import { formatPath, type Path } from './problem.ts';

type Event = Extract<Happening, { what: 'event' }>;

const CHANGES_MAX = 4;
const VALUE_LENGTH_MAX = 60;

/** Fields that change with every write, or say only when something was written. */
const BOOKKEEPING = new Set([
  'resourceVersion',
  'generation',
  'observedGeneration',
  'managedFields',
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
      const changes = differences(before, object, []);
      const more = changes.length - CHANGES_MAX;
      return [...changes.slice(0, CHANGES_MAX), ...(more > 0 ? [`${more} more`] : [])].join(', ');
    }
    default: {
      const impossible: never = type;
      throw new Error(`no event is of type ${String(impossible)}`);
    }
  }
}

/** `spec.replicas 3 → 5`, `condition Ready False → True`. */
function differences(before: unknown, after: unknown, path: Path): readonly string[] {
  if (before === after) return [];
  if (isConditions(path)) return conditionChanges(before, after);
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys
      .filter((key) => !BOOKKEEPING.has(key))
      .flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  const [from, to] = [short(before), short(after)];
  if (from === to) return [];
  if (before === undefined) return [`${formatPath(path)} ${to}`];
  return [after === undefined ? `${formatPath(path)} removed` : `${formatPath(path)} ${from} → ${to}`];
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isConditions = (path: Path) => path.length === 2 && path[0] === 'status' && path[1] === 'conditions';

interface NamedCondition {
  readonly type: string;
  readonly status: string;
}

function conditionChanges(before: unknown, after: unknown): readonly string[] {
  const statuses = new Map(((before ?? []) as readonly NamedCondition[]).map(({ type, status }) => [type, status]));
  return ((after ?? []) as readonly NamedCondition[])
    .filter(({ type, status }) => statuses.get(type) !== status)
    .map(({ type, status }) => {
      const from = statuses.get(type);
      return from === undefined ? `condition ${type} ${status}` : `condition ${type} ${from} → ${status}`;
    });
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
      return `${object.addressType} endpoints ${short(object.endpoints?.flatMap(({ addresses }) => addresses) ?? [])}`;
    case 'Node':
      return (object.status.addresses ?? []).map(({ type, address }) => `${type} ${address}`).join(', ');
    case 'Deployment':
    case 'ReplicaSet':
      return `replicas ${object.spec.replicas}`;
    case 'ConfigMap':
      return `keys ${Object.keys(object.data ?? {}).join(', ')}`;
    case 'Event':
      return `${object.type} ${object.reason}: ${object.message}`;
    case 'Namespace':
      return '';
    default: {
      const impossible: never = object;
      throw new Error(`no kind is ${JSON.stringify(impossible)}`);
    }
  }
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
