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
  type PublicIpList,
  publicIpId,
  SyncError,
  servicesIn,
  unbound,
} from '../../../../controllers/azure/index.ts';
import { azure, type Service } from '../../../../src/model/index.ts';
import { type CloudAnswers, notRefused, type Refusal, refusalText } from './cloud-answers.ts';
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

function observedOwnership(given: z.infer<typeof ownershipShape>, answers: CloudAnswers): object {
  if (!('operation' in given)) return ownershipOf(given.service, given.publicIP, given.clusterName);
  if (given.operation === 'parseServiceTag') return { services: servicesIn(given.tag) };
  if (given.operation === 'unbindService') return observedUnbinding(given, answers);
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

function observedUnbinding({ publicIP, serviceName, isUserAssigned }: Unbinding, answers: CloudAnswers): object {
  const { remaining, tags } = unbound((publicIP ?? answers.publicIP)?.tags, serviceName, isUserAssigned);
  return remaining === undefined ? {} : { remaining, tagsAfter: tags };
}

export function replayPublicIpOwnership({ given, expect, answers }: RecordedCase): Outcome {
  return compared(
    expect,
    orError(() => observedOwnership(ownershipShape.parse(given), answers)),
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

export function replayIpValidation({ given, expect, answers }: RecordedCase): Outcome {
  const parsed = validationShape.parse(given);
  if ('operation' in parsed) return compared(expect, { azureReserved: isAzureReserved(parsed.address) });
  const list = listOf(parsed.existingPublicIPs ?? [], answers);
  return compared(
    expect,
    orError(() => {
      const found = findPublicIp(list, parsed.loadBalancerIP, parsed.pipName, parsed.resourceGroup);
      return { publicIP: { name: found?.name } };
    }),
  );
}

/** What a client sees of the public IPs: it remembers a list until it asks for a fresh one. */
export function listOf(
  given: readonly azure.PublicIpAddress[],
  { listPublicIPs = [[...given]] }: CloudAnswers,
): PublicIpList {
  let asked = 0;
  let remembered: readonly azure.PublicIpAddress[] | undefined;
  return (_, fresh) => {
    if (remembered !== undefined && !fresh) return remembered;
    const answer = listPublicIPs[Math.min(asked++, listPublicIPs.length - 1)]!;
    if (!('length' in answer)) throw new SyncError(refusalText(answer));
    remembered = answer;
    return remembered;
  };
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

export function replayPublicIpReconcile({ given, expect, answers }: RecordedCase): Outcome {
  const parsed = reconcileShape.parse(given);
  const config = { ...parsed.cloudConfig, clusterName: parsed.clusterName };
  if (!('operation' in parsed)) return compared(expect, reconciled(parsed, config, expect, answers));
  const list = listOf(parsed.existingPublicIPs, answers);
  if (parsed.operation === 'ensureExists') {
    return compared(
      expect,
      orError(() => ensured(parsed, config, list, expect, answers)),
    );
  }
  const { name: desired, mustExist } = desiredPublicIp(parsed.service, versionOf(parsed), config, list);
  return compared(expect, { name: desired, mustAlreadyExist: mustExist });
}

const versionOf = ({ isIPv6 }: { readonly isIPv6: boolean }): azure.IpVersion => (isIPv6 ? 'IPv6' : 'IPv4');

/** The public IP as the cloud has it afterwards. Not every recording says what that is, but for its id. */
function ensured(
  given: Ensuring,
  config: CloudConfig,
  list: PublicIpList,
  expect: unknown,
  { putPublicIP }: CloudAnswers,
): object {
  const { service, publicIPName: name, mustAlreadyExist: mustExist } = given;
  const existing = list(config.resourceGroup, false).find((listed) => azure.sameId(listed.name, name));
  const publicIp = ensurePublicIp(
    existing,
    { service, version: versionOf(given), desired: { name, mustExist }, config },
    given.hasDNSLabelAnnotation ? given.domainNameLabel : undefined,
  );
  const writeExpected = publicIp !== existing;
  if (writeExpected) notRefused(putPublicIP);
  const returned = { returnedPublicIPID: publicIp.id, writeExpected };
  return saysWhatIsWritten(expect) ? { ...returned, written: asRecorded(publicIp) } : returned;
}

function saysWhatIsWritten(expect: unknown): boolean {
  return z.object({ written: z.unknown() }).safeParse(expect).data?.written !== undefined;
}

const expectedShape = z.object({ publicIPs: z.array(z.looseObject({ id: z.string() })) });
const CHANGES_MAX = 20;

/** Makes changes until there are none. Where a recording gives no more than the id of an address that was made, that is compared. */
function reconciled(
  { service, existingPublicIPs, wantLb }: Whole,
  config: CloudConfig,
  expect: unknown,
  { putPublicIP }: CloudAnswers,
): object {
  const cloud = new Map(existingPublicIPs.map((publicIp) => [publicIp.name, publicIp]));
  const counts = { writes: 0, created: new Set<string>() };
  const failure = orError(() => {
    changeAll(service, wantLb, config, cloud, counts, putPublicIP);
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
  refusalOfPut: Refusal | undefined,
): void {
  const list = () => [...cloud.values()];
  for (let i = 0; i < CHANGES_MAX; i++) {
    const change = nextPublicIpChange({ service, wantLoadBalancer, config, list });
    if (change === undefined) return;
    const { name, id } = change.publicIp;
    if (change.change === 'delete') cloud.delete(name);
    else {
      counts.writes++;
      notRefused(refusalOfPut);
      if (!cloud.has(name)) counts.created.add(name);
      cloud.set(name, { ...change.publicIp, id: id || publicIpId(config, config.resourceGroup, name) });
    }
  }
  throw new Error(`not done after ${CHANGES_MAX} changes`);
}
