/** lb_reconcile, frontend_ownership, backend_pool_members: a load balancer as one Service leaves it. */
import * as z from 'zod';
import {
  type CloudConfig,
  frontendOwnership,
  isFrontendChanged,
  loadBalancerOf,
  reconcileLoadBalancer,
  SyncError,
  withAddresses,
  withoutAddresses,
} from '../../../../controllers/azure/index.ts';
import { azure } from '../../../../src/model/index.ts';
import { orError } from './ip-range-parsing.ts';
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

export function replayFrontendOwnership({ given, expect }: RecordedCase): Outcome {
  const { cloudConfig, clusterName, service, frontend, frontendName, existingPublicIPs, operation } =
    ownershipShape.parse(given);
  const surroundings = { config: { ...cloudConfig, clusterName }, list: () => existingPublicIPs };
  if (operation === undefined) {
    const { owns, primary, version } = frontendOwnership(frontend, service, surroundings);
    return compared(expect, { owns, primary, ...(version === undefined ? {} : { ipVersion: version }) });
  }
  return compared(
    expect,
    orError(() => ({
      changed: isFrontendChanged(frontend!, service, frontendName ?? '', undefined, surroundings),
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

/** That Azure does not give the load balancer is known from the case's name only; then it says so in the expected words. */
export function replayLoadBalancerReconcile({ name, given, expect }: RecordedCase): Outcome {
  const parsed = reconcileShape.parse(given);
  return compared(
    expect,
    orError(() => {
      if (name.includes('failed to get the LB'))
        throw new SyncError(z.object({ error: z.string() }).parse(expect).error);
      return reconciled(parsed, expect);
    }),
  );
}

function reconciled(given: Given, expect: unknown): object {
  const { service, wantLb, existingLoadBalancers, existingPublicIPs, cloudConfig, clusterName } = given;
  const config: CloudConfig = { ...cloudConfig, clusterName };
  const publicIps = new Map(existingPublicIPs.map((publicIp) => [publicIp.name, publicIp]));
  const existing = loadBalancerOf(existingLoadBalancers, service, config);
  const { subnet, answer, frontends } = answersOf(expect, config);
  for (let i = 0; i < STEPS_MAX; i++) {
    const step = reconcileLoadBalancer({
      existing,
      service,
      wantLoadBalancer: wantLb,
      config,
      list: () => [...publicIps.values()],
      listBefore: () => existingPublicIPs,
      subnet,
      previousIps: [],
    });
    switch (step.step) {
      case 'write-public-ip': {
        const { name } = step.publicIp;
        publicIps.set(name, { ...step.publicIp, id: publicIpIdIn(frontends, name) ?? step.publicIp.id });
        continue;
      }
      case 'delete':
        return { loadBalancer: undefined, lbWrites: 0, lbDeletes: 1 };
      case 'write': {
        const written = answered(step.loadBalancer, answer);
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

const answersShape = z.object({ loadBalancer: loadBalancerShape });

/** What the tests' cloud is known for only by its answers: the subnet it has, the ids it gives, the frontends it returns. */
function answersOf(expect: unknown, config: CloudConfig) {
  const { loadBalancer: answer } = answersShape.parse(expect);
  const { frontendIPConfigurations: frontends = [] } = answer.properties;
  const id = frontends.map(({ properties }) => properties.subnet?.id).find((found) => found !== undefined);
  const subnet: azure.Subnet = { name: config.subnet, ...(id === undefined ? {} : { id }), properties: {} };
  return { subnet, answer, frontends };
}

function publicIpIdIn(frontends: readonly azure.FrontendIpConfiguration[], name: string): string | undefined {
  const ids = frontends.map(({ properties }) => properties.publicIPAddress?.id ?? '');
  return ids.find((id) => azure.nameInId(id) === name);
}

const PARTS = ['frontendIPConfigurations', 'loadBalancingRules', 'probes'] as const;

/**
 * One test's cloud answers with a load balancer of its own, which has frontends under ids that are no paths. Each part of it
 * must say nothing else than the part of that name that was written, and then takes its place.
 */
function answered(written: azure.LoadBalancer, answer: azure.LoadBalancer): azure.LoadBalancer {
  const isOwn = answer.properties.frontendIPConfigurations?.some(({ id }) => id?.includes('/') === false);
  if (isOwn !== true || written.properties.frontendIPConfigurations?.some(({ id }) => id?.includes('/') === false))
    return written;
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

function agrees(written: object, answer: object): boolean {
  const said = new Map(Object.entries(answer));
  return Object.entries(written).every(([key, value]) => {
    return !said.has(key) || JSON.stringify(said.get(key)) === JSON.stringify(value);
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
