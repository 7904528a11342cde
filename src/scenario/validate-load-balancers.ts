/** What AKS and its cloud provider would refuse of `spec.cluster.loadBalancers`, each at its place. */
import { selectorFindings } from '../emulator/index.ts';
import { CLOUD_CLUSTER_NAME, type ClusterSettings, type ManagedLoadBalancer } from '../model/index.ts';
import { problemAt, type SourceDocument } from './document.ts';
import type { Path, Problem } from './problem.ts';
import { suggestion } from './spelling.ts';

interface Found {
  readonly path: Path;
  readonly message: string;
}

export function validateLoadBalancers(document: SourceDocument, settings: ClusterSettings): readonly Problem[] {
  const { loadBalancers, azure, networkProfile } = settings;
  if (loadBalancers === undefined) return [];
  const found = [
    ...(networkProfile.loadBalancerProfile?.backendPoolType === 'NodeIP'
      ? []
      : [{ path: [], message: 'need networkProfile.loadBalancerProfile.backendPoolType NodeIP' }]),
    ...(azure === undefined ? [{ path: [], message: 'need spec.azure, where load balancers are' }] : []),
    ...loadBalancers.flatMap((balancer, i) => [
      ...nameFindings(loadBalancers, i),
      ...poolFindings(loadBalancers, i, settings),
      ...findingsOfSelectors(balancer).map(({ path, message }) => ({ path: [i, ...path], message })),
    ]),
    ...(loadBalancers.some(({ name }) => name === CLOUD_CLUSTER_NAME)
      ? []
      : [{ path: [], message: `none is named ${CLOUD_CLUSTER_NAME}, which every cluster has` }]),
  ];
  return found.map(({ path, message }) => problemAt(document, ['spec', 'cluster', 'loadBalancers', ...path], message));
}

function nameFindings(balancers: readonly ManagedLoadBalancer[], i: number): readonly Found[] {
  const { name } = balancers[i]!;
  const isTaken = balancers.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) < i;
  return isTaken ? [{ path: [i, 'name'], message: `a load balancer named ${name} is there already` }] : [];
}

function poolFindings(
  balancers: readonly ManagedLoadBalancer[],
  i: number,
  { agentPoolProfiles }: ClusterSettings,
): readonly Found[] {
  const { primaryAgentPoolName: pool } = balancers[i]!;
  const path = [i, 'primaryAgentPoolName'];
  const pools = agentPoolProfiles.map(({ name }) => name);
  if (!pools.includes(pool)) return [{ path, message: `no agent pool is named ${pool}${suggestion(pool, pools)}` }];
  const other = balancers.find(({ primaryAgentPoolName }) => primaryAgentPoolName === pool)!;
  if (other === balancers[i]) return [];
  return [{ path, message: `${pool} is the primary agent pool of load balancer ${other.name} already` }];
}

const SELECTORS = ['serviceLabelSelector', 'serviceNamespaceSelector', 'nodeSelector'] as const;

function findingsOfSelectors(balancer: ManagedLoadBalancer): readonly Found[] {
  return SELECTORS.flatMap((field) =>
    selectorFindings(balancer[field] ?? {}).map(({ path, message }) => ({ path: [field, ...path], message })),
  );
}
