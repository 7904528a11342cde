/**
 * What the admission plugins that are on by default do to a pod: Priority, DefaultTolerationSeconds, PodTopologyLabels.
 * Sources: kubernetes plugin/pkg/admission/{priority,defaulttolerationseconds,podtopologylabels}.
 */
import {
  copyOf,
  type Labels,
  type Node,
  type Pod,
  type PodSpec,
  type Toleration,
  withFields,
} from '../../model/index.ts';
import { forbidden, type Refused } from '../status.ts';
import { rawSpec } from './raw.ts';

/** The classes that every cluster has (pkg/apis/scheduling/v1/helpers.go). */
const PRIORITY_CLASSES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

const PREEMPTION_POLICY = 'PreemptLowerPriority';
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const TOLERATION_SECONDS = 300;
const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';

export type AdmittedSpec = { readonly ok: true; readonly spec: PodSpec } | Refused;

export function admitPodSpec(name: string, spec: PodSpec): AdmittedSpec {
  const { priorityClassName, runtimeClassName } = rawSpec(spec);
  const priority = priorityClassName === undefined ? 0 : PRIORITY_CLASSES[priorityClassName];
  if (priority === undefined)
    return forbidden('Pod', name, `no PriorityClass with name ${priorityClassName} was found`);
  const computed = 'must not be provided in pod spec; priority admission controller computed';
  const from = 'from the given PriorityClass name';
  if (spec.priority !== undefined && spec.priority !== priority)
    return forbidden('Pod', name, `the integer value of priority (${spec.priority}) ${computed} ${priority} ${from}`);
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== PREEMPTION_POLICY) {
    const value = `the string value of PreemptionPolicy (${spec.preemptionPolicy})`;
    return forbidden('Pod', name, `${value} ${computed} ${PREEMPTION_POLICY} ${from}`);
  }
  if (runtimeClassName !== undefined)
    return forbidden('Pod', name, `pod rejected: RuntimeClass ${JSON.stringify(runtimeClassName)} not found`);
  const tolerations = tolerateNodeLoss(spec.tolerations ?? []);
  return { ok: true, spec: withFields(spec, { tolerations, priority, preemptionPolicy: PREEMPTION_POLICY }) };
}

const [TOLERATE_NOT_READY, TOLERATE_UNREACHABLE] = [NOT_READY, UNREACHABLE].map(
  (key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: TOLERATION_SECONDS }),
) as [Toleration, Toleration];

/** A pod stays on a lost node for five minutes, unless it says otherwise; asked at every write of its spec. */
export function tolerateNodeLoss(tolerations: readonly Toleration[]): readonly Toleration[] {
  const tolerates = (key: string): boolean =>
    tolerations.some(
      (each) =>
        (each.key === undefined || each.key === key) && (each.effect === undefined || each.effect === 'NoExecute'),
    );
  return [
    ...tolerations,
    ...(tolerates(NOT_READY) ? [] : [TOLERATE_NOT_READY]),
    ...(tolerates(UNREACHABLE) ? [] : [TOLERATE_UNREACHABLE]),
  ];
}

/** Labels with those of a zone and a region. */
interface PlacedLabels {
  readonly zone: string | undefined;
  readonly region: string | undefined;
  readonly labels: Labels;
}

// Pods of one template that land in one zone share their labels.
const placedLabels = new WeakMap<Labels, PlacedLabels[]>();
const NO_LABELS: Labels = Object.freeze({});

/** A pod on a node carries the node's zone and region. */
export function labelTopology(metadata: Pod['metadata'], node: Node | undefined): Pod['metadata'] {
  const nodeLabels = node?.metadata.labels;
  if (nodeLabels === undefined) return metadata;
  const own = metadata.labels ?? NO_LABELS;
  const { [ZONE]: zone, [REGION]: region } = nodeLabels;
  let places = placedLabels.get(own);
  if (places === undefined) placedLabels.set(own, (places = []));
  let placed = places.find((each) => each.zone === zone && each.region === region);
  if (placed === undefined) places.push((placed = { zone, region, labels: withPlace(own, nodeLabels) }));
  const { labels } = placed;
  if (labels === own) return metadata;
  const copy: { -readonly [F in keyof Pod['metadata']]: Pod['metadata'][F] } = copyOf(metadata);
  copy.labels = labels;
  return copy;
}

function withPlace(own: Labels, node: Labels): Labels {
  const found: Record<string, string> = {};
  for (const label of [ZONE, REGION]) {
    const value = node[label];
    if (value !== undefined && own[label] !== value) found[label] = value;
  }
  return Object.keys(found).length === 0 ? own : Object.freeze({ ...own, ...found });
}
