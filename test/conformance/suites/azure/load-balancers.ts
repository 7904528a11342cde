/** lb_reconcile, frontend_ownership, backend_pool_members: a load balancer as one Service leaves it. */
import * as z from 'zod';
import {
  type CloudConfig,
  frontendOwnership,
  internalSubnet,
  isFrontendChanged,
  loadBalancerName,
  reconcileLoadBalancer,
  virtualNetworkId,
  withAddresses,
  withoutAddresses,
  withPools,
} from '../../../../controllers/azure/index.ts';
import { azure, type Service } from '../../../../src/model/index.ts';
import { type CloudAnswers, notRefused } from './cloud-answers.ts';
import { orError } from './ip-range-parsing.ts';
import { listOf } from './public-ips.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { asRecorded, cloudConfigShape, loadBalancerShape, publicIpShape, serviceShape } from './service.ts';

const frontendShape = z
  .looseObject({ name: z.string(), properties: z.looseObject({}).default({}) })
  .transform((recorded) => recorded as unknown as azure.FrontendIpConfiguration);

const ownershipShape = z.strictObject({
  cloudConfig: cloudConfigShape,
  clusterName: z.string().default(''),
  service: serviceShape.prefault({}),
  frontend: frontendShape.optional(),
  frontendName: z.string().optional(),
  existingPublicIPs: z.array(publicIpShape).default([]),
  operation: z.literal('isFrontendChanged').optional(),
});

export function replayFrontendOwnership({ given, expect, answers }: RecordedCase): Outcome {
  const { cloudConfig, clusterName, service, frontend, frontendName, existingPublicIPs, operation } =
    ownershipShape.parse(given);
  const config = { ...cloudConfig, clusterName };
  const surroundings = { config, list: listOf(existingPublicIPs, answers) };
  if (operation === undefined) {
    const { owns, primary, version } = frontendOwnership(frontend, service, surroundings);
    return compared(expect, { owns, primary, ...(version === undefined ? {} : { ipVersion: version }) });
  }
  return compared(
    expect,
    orError(() => ({
      changed: isFrontendChanged(frontend!, service, frontendName ?? '', subnetOf(service, config), surroundings),
    })),
  );
}

const reconcileShape = z.strictObject({
  cloudConfig: cloudConfigShape,
  clusterName: z.string(),
  service: serviceShape,
  wantLb: z.boolean(),
  nodeCount: z.int(),
  existingLoadBalancers: z.array(loadBalancerShape),
  existingPublicIPs: z.array(publicIpShape),
});
type Given = z.infer<typeof reconcileShape>;
const STEPS_MAX = 10;

export function replayLoadBalancerReconcile({ given, expect, answers }: RecordedCase): Outcome {
  const parsed = reconcileShape.parse(given);
  return compared(
    expect,
    orError(() => reconciled(parsed, answers)),
  );
}

function reconciled(given: Given, answers: CloudAnswers): object {
  const { service, wantLb, existingLoadBalancers, existingPublicIPs, cloudConfig, clusterName } = given;
  const config: CloudConfig = { ...cloudConfig, clusterName };
  const publicIps = new Map(existingPublicIPs.map((publicIp) => [publicIp.name, publicIp]));
  const name = loadBalancerName(clusterName, service);
  const existing = existingLoadBalancers.find((balancer) => azure.sameId(balancer.name, name));
  for (let i = 0; i < STEPS_MAX; i++) {
    const step = reconcileLoadBalancer({
      existing,
      loadBalancerName: name,
      service,
      wantLoadBalancer: wantLb,
      config,
      list: () => [...publicIps.values()],
      listBefore: () => existingPublicIPs,
      subnet: subnetOf(service, config),
      previousIps: [],
      ensurePools: (loadBalancer) => {
        notRefused(answers.reconcileBackendPools);
        return withPools(loadBalancer, service, config);
      },
    });
    switch (step.step) {
      case 'write-public-ip': {
        const { publicIp } = step;
        const answer = answers.getPublicIP?.name === publicIp.name ? answers.getPublicIP : publicIp;
        publicIps.set(publicIp.name, answer);
        continue;
      }
      case 'delete':
        return { loadBalancer: asRecordedBalancer(withoutPools(step.loadBalancer)), lbWrites: 0, lbDeletes: 1 };
      case 'write': {
        const written = answered(step.loadBalancer, answers.getLoadBalancer);
        return { loadBalancer: asRecordedBalancer(written), lbWrites: 1, lbDeletes: 0 };
      }
      case 'none': {
        const loadBalancer = existing === undefined ? undefined : asRecordedBalancer(existing);
        return { loadBalancer, lbWrites: 0, lbDeletes: 0 };
      }
      default:
        return step satisfies never;
    }
  }
  throw new Error(`not done after ${STEPS_MAX} steps`);
}

/** The clusters of these tests have one network, with whatever subnet they ask for in it. */
function subnetOf(service: Service, config: CloudConfig): azure.Subnet {
  const name = internalSubnet(service) ?? config.subnet;
  return { name, id: azure.subResourceId(virtualNetworkId(config), 'subnets', name), properties: {} };
}

/** The machines of these tests are of availability sets, which a load balancer that goes drops without asking them. */
function withoutPools({ properties, ...rest }: azure.LoadBalancer): azure.LoadBalancer {
  const { backendAddressPools: _, ...others } = properties;
  return { ...rest, properties: others };
}

const PARTS = ['frontendIPConfigurations', 'loadBalancingRules', 'probes'] as const;

/**
 * The load balancer that is read back after the write. Where the mock has one of its own, each part of that takes the place of
 * the part of its name that was written, if it says nothing else.
 */
function answered(written: azure.LoadBalancer, answer: azure.LoadBalancer | undefined): azure.LoadBalancer {
  if (answer === undefined) return written;
  const parts = PARTS.map((name) => {
    const recorded: readonly Part[] = answer.properties[name] ?? [];
    const own: readonly Part[] = written.properties[name] ?? [];
    return [name, own.map((part) => answeredPart(part, recorded))] as const;
  });
  return { ...written, properties: { ...written.properties, ...Object.fromEntries(parts) } };
}

type Part = azure.SubResource<object>;

function answeredPart(written: Part, recorded: readonly Part[]): Part {
  const answer = recorded.find(({ name }) => name === written.name);
  return answer !== undefined && agrees(written.properties, answer.properties) ? answer : written;
}

/** Whether all that both say is the same. */
function agrees(written: object, answer: object): boolean {
  const said = new Map<string, unknown>(Object.entries(answer));
  return Object.entries(written).every(([key, value]) => {
    const other = said.get(key);
    if (typeof value === 'object' && typeof other === 'object' && other !== null) return agrees(value, other);
    return !said.has(key) || Object.is(other, value);
  });
}

function asRecordedBalancer(loadBalancer: azure.LoadBalancer): object {
  const { id: _, ...rest } = asRecorded(loadBalancer) as { id: string };
  return withoutEmptyProperties(rest) as object;
}

/** The recordings do not tell empty properties from none. */
function withoutEmptyProperties(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyProperties);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, withoutEmptyProperties(member)] as const);
  return Object.fromEntries(
    members.filter(([key, member]) => key !== 'properties' || Object.keys(member as object).length > 0),
  );
}

const poolShape = z
  .looseObject({ name: z.string(), properties: z.looseObject({}).default({}) })
  .transform((recorded) => recorded as unknown as azure.BackendAddressPool);
const membersShape = z.strictObject({
  backendPool: poolShape,
  nodeIPs: z.array(z.string()),
  removeAll: z.boolean().optional(),
  useMultipleSLBs: z.boolean().optional(),
  isNodeIP: z.boolean().optional(),
});

export function replayBackendPoolMembers({ given, expect }: RecordedCase): Outcome {
  const { backendPool, nodeIPs, removeAll, useMultipleSLBs = false, isNodeIP = false } = membersShape.parse(given);
  const after =
    removeAll === undefined
      ? withAddresses(backendPool, nodeIPs, { id: '' })
      : withoutAddresses(backendPool, nodeIPs, { removeAll, mayBeEmpty: useMultipleSLBs, byAddressOnly: isNodeIP });
  const members = after.properties.loadBalancerBackendAddresses ?? [];
  const addressesAfter = members.map(({ properties }) => properties.ipAddress ?? '');
  return compared(expect, { changed: after !== backendPool, addressesAfter });
}
