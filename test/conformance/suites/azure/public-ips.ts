/** public_ip_ownership, public_ip_reconcile, loadbalancer_ip_validation: the public IPs of Services. */
import * as z from 'zod';
import {
  type CloudConfig,
  desiredPublicIp,
  ensurePublicIp,
  findPublicIp,
  isAzureReserved,
  mayRelease,
  nextPublicIpChange,
  ownershipOf,
  publicIpId,
  SyncError,
  servicesIn,
  unbound,
} from '../../../../controllers/azure/index.ts';
import { azure, type Service } from '../../../../src/model/index.ts';
import { orError } from './ip-range-parsing.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { asRecorded, cloudConfigShape, publicIpShape, serviceShape } from './service.ts';

const ipTag = z.strictObject({ ipTagType: z.string(), tag: z.string() });
const ownershipShape = z.union([
  z.strictObject({ operation: z.literal('parseServiceTag'), tag: z.string() }),
  z.strictObject({
    operation: z.literal('unbindService'),
    publicIP: publicIpShape.optional(),
    serviceName: z.string(),
    isUserAssigned: z.boolean(),
  }),
  z.strictObject({
    operation: z.literal('shouldRelease'),
    publicIP: publicIpShape,
    serviceReferences: z.array(z.string()).optional(),
    lbShouldExist: z.boolean(),
    lbIsInternal: z.boolean(),
    isUserAssigned: z.boolean(),
    desiredName: z.string(),
    ipTagRequest: z
      .strictObject({ ipTagsRequestedByAnnotation: z.boolean(), ipTags: z.array(ipTag).optional() })
      .optional(),
    enableIPTagMutation: z.boolean(),
  }),
  z.strictObject({ service: serviceShape, publicIP: publicIpShape, clusterName: z.string() }),
]);

function observedOwnership(given: z.infer<typeof ownershipShape>): object {
  if (!('operation' in given)) return ownershipOf(given.service, given.publicIP, given.clusterName);
  if (given.operation === 'parseServiceTag') return { services: servicesIn(given.tag) };
  if (given.operation === 'unbindService') return observedUnbinding(given);
  const { ipTagRequest } = given;
  const release = mayRelease({
    publicIp: given.publicIP,
    references: given.serviceReferences ?? [],
    wantLoadBalancer: given.lbShouldExist,
    internal: given.lbIsInternal,
    userAssigned: given.isUserAssigned,
    desiredName: given.desiredName,
    ipTags: ipTagRequest?.ipTagsRequestedByAnnotation === true ? (ipTagRequest.ipTags ?? []) : undefined,
    mutatesIpTags: given.enableIPTagMutation,
  });
  return { release };
}

type Unbinding = Extract<z.infer<typeof ownershipShape>, { operation: 'unbindService' }>;

function observedUnbinding({ publicIP, serviceName, isUserAssigned }: Unbinding): object {
  // Of an address that somebody else made, the recordings give neither tags nor what is left of them.
  const tags = publicIP?.tags ?? (isUserAssigned ? {} : undefined);
  const { remaining, tags: tagsAfter } = unbound(tags, serviceName, isUserAssigned);
  return remaining === undefined ? {} : { remaining, tagsAfter };
}

export function replayPublicIpOwnership({ given, expect }: RecordedCase): Outcome {
  return compared(
    expect,
    orError(() => observedOwnership(ownershipShape.parse(given))),
  );
}

const validationShape = z.union([
  z.strictObject({ operation: z.literal('isAzureReserved'), address: z.string() }),
  z.strictObject({
    loadBalancerIP: z.string(),
    pipName: z.string(),
    resourceGroup: z.string(),
    existingPublicIPs: z.array(publicIpShape).optional(),
  }),
]);
const foundShape = z.object({ publicIP: publicIpShape.optional() });
const LIST_REFUSED = 'RESPONSE 0: list error';

/**
 * What the cloud lists is given for the first time only. Where it is not given, the list is refused; what a second look finds
 * is known from what was found, or the case's name says that it is refused.
 */
export function replayIpValidation({ name, given, expect }: RecordedCase): Outcome {
  const parsed = validationShape.parse(given);
  if ('operation' in parsed) return compared(expect, { azureReserved: isAzureReserved(parsed.address) });
  const { existingPublicIPs } = parsed;
  const later = foundShape.parse(expect).publicIP;
  const list = (_: string, fresh: boolean) => {
    if (existingPublicIPs === undefined || (fresh && name.endsWith('second time'))) throw new SyncError(LIST_REFUSED);
    return fresh && later !== undefined ? [later] : existingPublicIPs;
  };
  return compared(
    expect,
    orError(() => {
      const found = findPublicIp(list, parsed.loadBalancerIP, parsed.pipName, parsed.resourceGroup);
      return { publicIP: { name: found?.name } };
    }),
  );
}

const common = {
  cloudConfig: cloudConfigShape,
  clusterName: z.string(),
  service: serviceShape,
  existingPublicIPs: z.array(publicIpShape).default([]),
};
const reconcileShape = z.union([
  z.strictObject({
    ...common,
    operation: z.literal('ensureExists'),
    publicIPName: z.string(),
    domainNameLabel: z.string(),
    mustAlreadyExist: z.boolean(),
    hasDNSLabelAnnotation: z.boolean(),
    isIPv6: z.boolean(),
  }),
  z.strictObject({ ...common, operation: z.literal('determineName'), isIPv6: z.boolean() }),
  z.strictObject({ ...common, lbName: z.string(), wantLb: z.boolean() }),
]);
type Given = z.infer<typeof reconcileShape>;
type Ensuring = Extract<Given, { operation: 'ensureExists' }>;
type Whole = Exclude<Given, { operation: string }>;

export function replayPublicIpReconcile({ name, given, expect }: RecordedCase): Outcome {
  const parsed = reconcileShape.parse(given);
  const config = { ...parsed.cloudConfig, clusterName: parsed.clusterName };
  if (!('operation' in parsed)) return compared(expect, reconciled(parsed, config, expect));
  const version = parsed.isIPv6 ? 'IPv6' : 'IPv4';
  const list = () => parsed.existingPublicIPs;
  if (parsed.operation === 'ensureExists') return compared(expect, ensured(name, parsed, config, expect));
  const { name: desired, mustExist } = desiredPublicIp(parsed.service, version, config, list);
  return compared(expect, { name: desired, mustAlreadyExist: mustExist });
}

const ensuredShape = z.object({ error: z.string().optional(), written: z.unknown().optional() });

/** That Azure refuses the write is known from the case's name only; then it does so in the expected words. */
function ensured(name: string, given: Ensuring, config: CloudConfig, expect: unknown): object {
  const { error, written } = ensuredShape.parse(expect);
  return orError(() => {
    const publicIp = ensurePublicIp(
      given.existingPublicIPs[0] && listedByTest(given.existingPublicIPs[0], given),
      {
        service: given.service,
        version: given.isIPv6 ? 'IPv6' : 'IPv4',
        desired: { name: given.publicIPName, mustExist: given.mustAlreadyExist },
        config,
      },
      given.hasDNSLabelAnnotation ? given.domainNameLabel : undefined,
    );
    if (name.includes('should return Azure error after attempted PUT')) throw new SyncError(error ?? '');
    const returned = { returnedPublicIPID: publicIp.id, writeExpected: true };
    return written === undefined ? returned : { ...returned, written: asRecorded(publicIp) };
  });
}

/**
 * The cloud of these tests gives an address an id, and to properties a version. A recording does not tell empty properties
 * from none: in these tests it is addresses whose DNS label is asked for that have them.
 */
function listedByTest(publicIp: azure.PublicIpAddress, given: Ensuring): azure.PublicIpAddress {
  const id = azure.resourceId(given.cloudConfig, azure.RESOURCE_TYPES['public-ip'], given.publicIPName);
  const { properties } = publicIp;
  if (Object.keys(properties).length === 0 && !given.hasDNSLabelAnnotation) return { ...publicIp, id };
  const versioned = given.isIPv6
    ? ({ publicIPAddressVersion: 'IPv6', publicIPAllocationMethod: 'Dynamic' } as const)
    : ({ publicIPAddressVersion: 'IPv4' } as const);
  return { ...publicIp, id, properties: { ...properties, ...versioned } };
}

const expectedShape = z.object({ publicIPs: z.array(z.looseObject({ id: z.string() })) });
const CHANGES_MAX = 20;

/** Makes changes until there are none. Of an address that the cloud has made, the recordings give the id alone. */
function reconciled({ service, existingPublicIPs, wantLb }: Whole, config: CloudConfig, expect: unknown): object {
  const cloud = new Map(existingPublicIPs.map((publicIp) => [publicIp.name, publicIp]));
  const counts = { writes: 0, created: new Set<string>() };
  const failure = orError(() => {
    changeAll(service, wantLb, config, cloud, counts);
    return {};
  });
  const deletes = existingPublicIPs.filter(({ name }) => !cloud.has(name)).length;
  const { writes, created } = counts;
  if ('error' in failure) return { error: true, errorText: failure.error, publicIPs: [], writes, deletes };
  const own = wantLb ? [...cloud.values()].filter((p) => ownershipOf(service, p, config.clusterName).owns) : [];
  const onlyId = new Set(
    expectedShape.parse(expect).publicIPs.flatMap((p) => (Object.keys(p).length === 1 ? [p.id] : [])),
  );
  const publicIPs = own.map((publicIp) => {
    return created.has(publicIp.name) && onlyId.has(publicIp.id) ? { id: publicIp.id } : asRecorded(publicIp);
  });
  return { publicIPs, writes, deletes };
}

function changeAll(
  service: Service,
  wantLoadBalancer: boolean,
  config: CloudConfig,
  cloud: Map<string, azure.PublicIpAddress>,
  counts: { writes: number; readonly created: Set<string> },
): void {
  const list = () => [...cloud.values()];
  for (let i = 0; i < CHANGES_MAX; i++) {
    const change = nextPublicIpChange({ service, wantLoadBalancer, config, list });
    if (change === undefined) return;
    const { name, id } = change.publicIp;
    if (change.change === 'delete') cloud.delete(name);
    else {
      counts.writes++;
      if (!cloud.has(name)) counts.created.add(name);
      cloud.set(name, { ...change.publicIp, id: id || publicIpId(config, config.resourceGroup, name) });
    }
  }
  throw new Error(`not done after ${CHANGES_MAX} changes`);
}
