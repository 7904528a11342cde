/** What runs out first, in sentences, and what AKS or Kubernetes says then. */
import { addressModelOf, STATIC_BLOCK } from '../model/index.ts';
import type { Failure } from './forecast.ts';
import { CNS_BATCH, staticBlocksOf } from './limits.ts';
import type { Plan } from './plan.ts';

export function describeFailure(plan: Plan, failure: Failure): readonly string[] {
  const { step, unit, number, space } = failure;
  const range = space.range === undefined ? '' : ` ${space.range}`;
  const of = 'pool' in step.growth ? ` of ${step.growth.pool}` : '';
  const which = step.growth.of === 'surge' ? `surge node ${number}` : `${unit} ${number}`;
  return [
    `${space.name}${range} runs out first: ${which}${of} does not fit, in ${step.at}.`,
    `  ${saidOf(plan, failure)}`,
  ];
}

/** The refusal that a user of AKS gets to see. */
function saidOf(plan: Plan, failure: Failure): string {
  const { space, step } = failure;
  switch (space.kind) {
    case 'subnet':
      return step.growth.of === 'pods' ? waitsForCns() : subnetRefusal(plan, failure);
    case 'podCidr':
      return 'AKS refuses it: InsufficientSubnetSize, Subnet Name networkProfile.podCIDR';
    case 'serviceCidr':
      return 'kube-apiserver refuses it: failed to allocate a serviceIP: range is full';
    case 'routes':
      return 'Azure refuses the route: a route table holds 400';
    case 'nodes':
      return `AKS refuses it: InvalidParameter, ${space.size} are the most`;
    case 'maxPods':
      return 'the pod stays Pending: FailedScheduling, Too many pods';
    default:
      throw new Error(`nothing is named ${space.kind satisfies never}`);
  }
}

function waitsForCns(): string {
  return 'the pod gets no address: FailedCreatePodSandBox, not enough IPs available, NCUpdateSubnetFullError';
}

function subnetRefusal({ settings }: Plan, { step: { growth }, space }: Failure): string {
  const pool = settings.agentPoolProfiles.find(({ name }) => 'pool' in growth && name === growth.pool)!;
  const model = addressModelOf(settings.networkProfile, pool);
  const isPodSubnet = space.name === `subnet ${pool.podSubnet}`;
  if (isPodSubnet && model === 'pod-subnet-dynamic')
    return `the node stays NotReady: it needs ${1 + CNS_BATCH} addresses at once for its pods`;
  if (isPodSubnet) return insufficient(`${staticBlocksOf(pool.maxPods)} blocks of ${STATIC_BLOCK} a node`);
  return insufficient(model === 'node-subnet' ? `${pool.maxPods + 1} addresses a node` : 'one address a node');
}

function insufficient(need: string): string {
  return `AKS refuses it: InsufficientSubnetSize (${need})`;
}
