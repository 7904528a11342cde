/**
 * Which of several load balancers may have a Service: those that it names, that take Services or have it already, and whose
 * selectors match. One without a selector has it only where no selector matches.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (getEligibleLoadBalancersForService).
 */
import { azure, type Labels, type Service } from '../../../src/model/index.ts';
import { serviceName } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import { annotatedConfigurations, type LoadBalancerConfiguration, selects } from './configuration.ts';

export interface EligibleRequest {
  readonly service: Service;
  readonly configurations: readonly LoadBalancerConfiguration[];
  /** of the Service's namespace. May throw a `SyncError` */
  readonly namespaceLabels: () => Labels | undefined;
  /** whether the Service is on the load balancer of that name already, or on its internal one */
  readonly isActive: (configuration: string) => boolean;
}

interface Candidate {
  readonly configuration: LoadBalancerConfiguration;
  readonly failed: 'placement' | 'label' | 'namespace' | undefined;
  /** whether a selector of its has matched: its labels may have where its namespace has not */
  readonly matched: boolean;
}

/** The names of the configurations, in their order. Throws a `SyncError` where there is none. */
export function eligibleConfigurations(request: EligibleRequest): readonly string[] {
  const selected = selectedByName(request);
  // From the last to the first: so the names stand in the sentence.
  const candidates = selected.toReversed().map((configuration) => candidateOf(configuration, request));
  const eligible = candidates.filter(({ failed }) => failed === undefined).toReversed();
  if (eligible.length === 0) throw noneIsEligible(request.service, selected, candidates);
  const isMatched = candidates.some(({ matched }) => matched);
  return eligible
    .filter(({ configuration }) => !isMatched || hasSelector(configuration))
    .map(({ configuration }) => configuration.name);
}

function selectedByName({ service, configurations }: EligibleRequest): readonly LoadBalancerConfiguration[] {
  const names = annotatedConfigurations(service);
  if (names.length === 0) return configurations;
  const selected = configurations.filter(({ name }) => names.includes(name.toLowerCase()));
  if (selected.length > 0) return selected;
  const who = JSON.stringify(service.metadata.name);
  throw new SyncError(
    `service ${who} selects ${names.length} load balancers by annotation, but none of them is defined in cloud provider configuration`,
  );
}

function candidateOf(configuration: LoadBalancerConfiguration, request: EligibleRequest): Candidate {
  const { name, allowServicePlacement = true, serviceLabelSelector, serviceNamespaceSelector } = configuration;
  if (!allowServicePlacement && !request.isActive(name)) return { configuration, failed: 'placement', matched: false };
  const byLabels = serviceLabelSelector;
  if (byLabels !== undefined && !selects(byLabels, request.service.metadata.labels))
    return { configuration, failed: 'label', matched: false };
  if (serviceNamespaceSelector !== undefined && !selects(serviceNamespaceSelector, request.namespaceLabels()))
    return { configuration, failed: 'namespace', matched: byLabels !== undefined };
  return { configuration, failed: undefined, matched: hasSelector(configuration) };
}

function hasSelector({ serviceLabelSelector, serviceNamespaceSelector }: LoadBalancerConfiguration): boolean {
  return serviceLabelSelector !== undefined || serviceNamespaceSelector !== undefined;
}

function noneIsEligible(
  service: Service,
  selected: readonly LoadBalancerConfiguration[],
  candidates: readonly Candidate[],
): SyncError {
  const listed = (some: readonly LoadBalancerConfiguration[]) => some.map(({ name }) => name).join(', ');
  const failed = (reason: Candidate['failed']) => {
    const some = candidates.filter((candidate) => candidate.failed === reason);
    return `${some.length} of them (${listed(some.map(({ configuration }) => configuration))})`;
  };
  return new SyncError(
    `service ${JSON.stringify(serviceName(service))} selects ${selected.length} load balancers (${listed(selected)}), but ` +
      `${failed('placement')} have AllowServicePlacement set to false and the service is not using any of them, ` +
      `${failed('label')} do not match the service label selector, and ` +
      `${failed('namespace')} do not match the service namespace selector`,
  );
}

export function isConfiguration(name: string, names: readonly string[]): boolean {
  return names.some((candidate) => azure.sameId(candidate, name));
}
