/**
 * Splits a name below the zone, from the right: kind, namespace, service, then an endpoint, or port and protocol.
 *
 * Source: CoreDNS plugin/kubernetes/parse.go; the Kubernetes DNS specification
 * (https://github.com/kubernetes/dns/blob/master/docs/specification.md).
 */
export interface NameParts {
  /** empty at the apex, and for `svc.` and `pod.` alone */
  readonly kind: '' | 'svc' | 'pod';
  readonly namespace: string;
  readonly service: string;
  readonly endpoint: string;
  /** multicluster zones only */
  readonly cluster: string;
  readonly port: string;
  readonly protocol: string;
  /** `zone.pin._zone.service…` with the option `zonal` */
  readonly topologyZone: string;
  /** `prefer`: endpoints elsewhere answer where the topology zone has none */
  readonly prefersZone: boolean;
}

export interface NameRules {
  readonly multicluster: boolean;
  readonly zonal: boolean;
}

const APEX: NameParts = {
  kind: '',
  namespace: '',
  service: '',
  endpoint: '',
  cluster: '',
  port: '',
  protocol: '',
  topologyZone: '',
  prefersZone: false,
};

/** `name` without the labels of `zone`, which are counted, not compared. Both with a final dot. */
export function belowZone(name: string, zone: string): string {
  if (name.length <= zone.length && name === zone) return '';
  if (name.endsWith(zone)) return name.slice(0, Math.max(0, name.length - zone.length - (zone === '.' ? 0 : 1)));
  const labels = name.slice(0, -1).split('.');
  return labels.slice(0, Math.max(0, labels.length - zone.slice(0, -1).split('.').length)).join('.');
}

export function withoutUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label;
}

/** The parts of a lower-case name in `zone`; undefined where no name of this shape can exist. */
export function parseName(name: string, zone: string, rules: NameRules): NameParts | undefined {
  const base = belowZone(name, zone);
  if (base === '' || base === 'svc' || base === 'pod') return APEX;
  const labels = base.split('.');
  const kind = labels.pop();
  if (kind !== 'svc' && kind !== 'pod') return undefined;
  const namespace = labels.pop() ?? '';
  const service = labels.pop() ?? '';
  const parts = { ...APEX, kind, namespace, service } as const;
  if (labels.length === 0) return parts;
  if (labels.length === 1) return { ...parts, endpoint: labels[0]! };
  if (labels.length === 2) return withTwoLabels(parts, labels[0]!, labels[1]!, rules);
  return withTopologyZone(parts, labels, rules);
}

function withTwoLabels(parts: NameParts, first: string, second: string, rules: NameRules): NameParts {
  if (rules.multicluster && !first.startsWith('_') && !second.startsWith('_')) {
    return { ...parts, endpoint: first, cluster: second };
  }
  return { ...parts, port: withoutUnderscore(first), protocol: withoutUnderscore(second) };
}

function withTopologyZone(parts: NameParts, labels: readonly string[], rules: NameRules): NameParts | undefined {
  const anchor = labels.at(-1);
  const directive = labels.at(-2);
  if (!rules.zonal || rules.multicluster || anchor !== '_zone' || parts.kind !== 'svc') return undefined;
  if (directive !== 'pin' && directive !== 'prefer') return undefined;
  return { ...parts, topologyZone: labels.slice(0, -2).join('.'), prefersZone: directive === 'prefer' };
}
