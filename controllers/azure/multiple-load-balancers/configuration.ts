/**
 * Several standard load balancers in one cluster (`multipleStandardLoadBalancerConfigurations`): which there are, and for what.
 * Source: cloud-provider-azure pkg/provider/config/multi_slb.go;
 * https://learn.microsoft.com/azure/aks/use-multiple-standard-load-balancer
 */
import { azure, type LabelSelector, type Labels, matchesSelector, type Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, annotationOf, commaList } from '../annotations.ts';
import { INTERNAL_SUFFIX } from '../names.ts';
import { SyncError } from '../sync-error.ts';

export interface LoadBalancerConfiguration {
  /** of the public load balancer; the internal one has `-internal` after it */
  readonly name: string;
  /** the machines that are always behind it: an agent pool's */
  readonly primaryVMSet?: string;
  /** false to drain it: no Service comes to it any more. True where it is not given */
  readonly allowServicePlacement?: boolean;
  readonly serviceLabelSelector?: LabelSelector;
  readonly serviceNamespaceSelector?: LabelSelector;
  readonly nodeSelector?: LabelSelector;
}

/** Throws a `SyncError` where none has the cluster's name. */
export function requireClusterConfiguration(
  configurations: readonly LoadBalancerConfiguration[],
  clusterName: string,
): void {
  if (configurations.some(({ name }) => azure.sameId(name, clusterName))) return;
  throw new SyncError(
    `multiple standard load balancers are enabled but no configuration named ${JSON.stringify(clusterName)} is found`,
  );
}

/** The load balancers that a Service asks for by name, in lower case; none where it leaves the choice to the provider. */
export function annotatedConfigurations(service: Service): readonly string[] {
  const text = annotationOf(service, ANNOTATIONS.loadBalancerConfigurations);
  return text === undefined ? [] : commaList(text).map((name) => name.toLowerCase());
}

/** The name of the configuration that a load balancer belongs to. */
export function configurationNameOf(loadBalancerName: string): string {
  const isInternal = loadBalancerName.toLowerCase().endsWith(INTERNAL_SUFFIX);
  return isInternal ? loadBalancerName.slice(0, -INTERNAL_SUFFIX.length) : loadBalancerName;
}

/** Throws a `SyncError` where the selector cannot be. */
export function selects(selector: LabelSelector, labels: Labels | undefined): boolean {
  for (const { operator, values = [] } of selector.matchExpressions ?? []) {
    if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
      throw new SyncError("values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty");
  }
  return matchesSelector(selector, labels);
}

export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}
