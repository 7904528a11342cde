/** Nodes. Sources: kubernetes pkg/apis/core/v1/{conversion,defaults}.go, pkg/apis/core/validation `ValidateNode`. */
import { compareQuantities, type Node, parseCidr, type Taint } from '../model/index.ts';
import { cidrFindings } from './addresses.ts';
import type { FieldErrors } from './field-errors.ts';
import { labelValue, qualifiedName, subdomainName } from './names.ts';
import { deepEqual } from './sharing.ts';
import type { Strategy } from './strategy.ts';

const POD_CIDRS_MAX = 2;
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export const NODE_STRATEGY: Strategy<'Node'> = {
  nameRule: subdomainName,
  applyDefaults(node, before) {
    const spec = node.spec === before?.spec ? node.spec : alignPodCidrs(node.spec);
    const { capacity, allocatable } = node.status;
    const fill = allocatable === undefined && capacity !== undefined;
    const status = fill ? { ...node.status, allocatable: capacity } : node.status;
    return spec === node.spec && status === node.status ? node : { ...node, spec, status };
  },
  // Nodes may bring their status when they register.
  prepareForUpdate: (node, before) => (node.status === before.status ? node : { ...node, status: before.status }),
  prepareForStatusUpdate: (node, before) => (node.spec === before.spec ? node : { ...node, spec: before.spec }),
  validate,
  validateUpdate(node, before, errors) {
    if (node.spec !== before.spec || node.status !== before.status) validate(node, errors);
    validateChange(node, before, errors);
  },
  validateStatusUpdate: validateResources,
};

/** podCIDR is the first of podCIDRs; where they differ, the single one was written by an old client and wins. */
function alignPodCidrs(spec: Node['spec']): Node['spec'] {
  const { podCIDR, podCIDRs } = spec;
  if (podCIDR === undefined) return podCIDRs === undefined ? spec : { ...spec, podCIDR: podCIDRs[0]! };
  return podCIDRs?.[0] === podCIDR ? spec : { ...spec, podCIDRs: [podCIDR] };
}

function validate(node: Node, errors: FieldErrors): void {
  validateTaints(node.spec.taints ?? [], errors);
  validateResources(node, node, errors);
  const cidrs = node.spec.podCIDRs ?? [];
  for (const [i, cidr] of cidrs.entries()) errors.invalidEach(`spec.podCIDRs[${i}]`, cidr, cidrFindings(cidr));
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.family));
  if (cidrs.length > POD_CIDRS_MAX || families.size < cidrs.length)
    errors.invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family');
}

function validateTaints(taints: readonly Taint[], errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [i, taint] of taints.entries()) {
    const field = `metadata.taints[${i}]`;
    const { key, value = '', effect } = taint;
    errors.invalidEach(`${field}.key`, key, qualifiedName(key));
    errors.invalidEach(`${field}.value`, value, labelValue(value));
    if (effect === undefined || (effect as string) === '') errors.required(`${field}.effect`);
    else if (!EFFECTS.includes(effect)) errors.notSupported(`${field}.effect`, effect, EFFECTS);
    const pair = `${effect}\0${key}`;
    const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null };
    if (seen.has(pair)) errors.duplicate(field, shown, 'taints must be unique by key and effect pair');
    seen.add(pair);
  }
}

// A node says what it has with every status: lists once found right, and frozen, need no second look.
const rightResources = new WeakSet<object>();

function validateResources({ status }: Node, _before: Node, errors: FieldErrors): void {
  for (const list of ['capacity', 'allocatable'] as const) {
    const quantities = status[list];
    if (quantities === undefined || rightResources.has(quantities)) continue;
    const before = errors.causes.length;
    for (const [name, quantity] of Object.entries(quantities)) {
      if (compareQuantities(quantity, '0') < 0)
        errors.invalid(`status.${list}.${name}`, quantity, 'must be greater than or equal to 0');
    }
    if (errors.causes.length === before && Object.isFrozen(quantities)) rightResources.add(quantities);
  }
}

function validateChange({ spec }: Node, { spec: before }: Node, errors: FieldErrors): void {
  if (before.podCIDRs !== undefined && !deepEqual(spec.podCIDRs, before.podCIDRs))
    errors.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  if (before.providerID !== undefined && spec.providerID !== before.providerID)
    errors.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
}
