/**
 * What AKS refuses about the labels and the taints that the nodes of a pool are to have.
 *
 * Sources: https://learn.microsoft.com/azure/aks/use-labels, ams0/aks-nvme-ssd-provisioner#5 (its words on reserved labels),
 * Azure/azure-cli azure/cli/command_modules/acs/_validators.py `validate_taint` (how a taint is written), Azure/AKS#1412
 * (nodes with a taint twice never come up). The kubelet's apiserver refuses the rest.
 */
import type { AgentPoolProfile } from '../model/index.ts';
import { labelFindings } from './label-findings.ts';
import { invalidParameter, type ManagedClusterError } from './managed-cluster-error.ts';
import { labelValue, qualifiedName } from './names.ts';

const RESERVED_PREFIX = 'kubernetes.azure.com/';
const TAINT = /^([^=:]+)(?:=([^=:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/;

/** @param field the pool's: `agentPoolProfiles[0]` */
export function validateNodeMarks(pool: AgentPoolProfile, field: string): readonly ManagedClusterError[] {
  return [
    ...validateNodeLabels(pool.nodeLabels ?? {}, `${field}.nodeLabels`),
    ...validateNodeTaints(pool.nodeTaints ?? [], `${field}.nodeTaints`),
  ];
}

type NodeLabels = NonNullable<AgentPoolProfile['nodeLabels']>;

function validateNodeLabels(labels: NodeLabels, field: string): readonly ManagedClusterError[] {
  const at = (key: string | number | undefined) => `${field}[${JSON.stringify(key)}]`;
  const reserved = Object.keys(labels).filter((key) => key.startsWith(RESERVED_PREFIX));
  return [
    ...labelFindings(labels).map(({ path: [key], message }) => invalidParameter(at(key), message)),
    ...reserved.map((key) => ({
      code: 'BadRequest',
      message: `Invalid node label key ${key}. The 'kubernetes.azure.com' prefix is preserved by aks system labels`,
      field: at(key),
      detail: 'labels of kubernetes.azure.com are for AKS itself',
    })),
  ];
}

function validateNodeTaints(taints: readonly string[], field: string): readonly ManagedClusterError[] {
  const seen = new Set<string>();
  return taints.flatMap((text, i) => {
    const finding = taintFinding(text, seen);
    return finding === undefined ? [] : [invalidParameter(`${field}[${i}]`, `${JSON.stringify(text)} ${finding}`)];
  });
}

function taintFinding(text: string, seen: Set<string>): string | undefined {
  const [, key, value = '', effect] = TAINT.exec(text) ?? [];
  if (key === undefined) return 'is not written as key=value:NoSchedule, :PreferNoSchedule or :NoExecute';
  const [finding] = [...qualifiedName(key), ...labelValue(value)];
  if (finding !== undefined) return `is no taint: ${finding}`;
  const pair = `${key}:${effect}`;
  if (seen.has(pair)) return `is the second taint ${key} with effect ${effect}`;
  seen.add(pair);
  return undefined;
}
