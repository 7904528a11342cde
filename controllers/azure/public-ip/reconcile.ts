/**
 * The public IPs of one Service: which are updated, which go, and which it has in the end.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (reconcilePublicIPs, getPublicIPUpdates).
 */
import type { azure, Service } from '../../../src/model/index.ts';
import { publicIpResourceGroup, requiresInternal, versionsOf } from '../annotations.ts';
import type { CloudConfig } from '../cloud-config.ts';
import { serviceName } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import { ensurePublicIp, withRequestedIpTags, withTags } from './ensure.ts';
import { desiredPublicIp, type PublicIpList } from './find.ts';
import { requestedIpTags } from './ip-tags.ts';
import { mayRelease, ownershipOf } from './ownership.ts';
import { annotatedTags, servicesIn, serviceTag, unbound } from './tags.ts';

export interface PublicIpsRequest {
  readonly service: Service;
  readonly wantLoadBalancer: boolean;
  readonly config: CloudConfig;
  readonly list: PublicIpList;
}

export type PublicIpChange =
  | { readonly change: 'write'; readonly publicIp: azure.PublicIpAddress }
  | { readonly change: 'delete'; readonly publicIp: azure.PublicIpAddress };

/**
 * The first change that is to be made; undefined where all is as it should be. One at a time, since the next depends on what
 * the cloud makes of it. Throws a `SyncError`.
 */
export function nextPublicIpChange(request: PublicIpsRequest): PublicIpChange | undefined {
  for (const version of versionsOf(request.service)) {
    const change = nextOfVersion(request, version);
    if (change !== undefined) return change;
  }
  return undefined;
}

function nextOfVersion(request: PublicIpsRequest, version: azure.IpVersion): PublicIpChange | undefined {
  const { service, wantLoadBalancer, config, list } = request;
  const needsOne = wantLoadBalancer && !requiresInternal(service);
  const desired = needsOne ? desiredPublicIp(service, version, config, list) : undefined;
  const resourceGroup = publicIpResourceGroup(service, config.resourceGroup);
  const all = ofVersion(listAll(list, resourceGroup, config.resourceGroup), version);
  const existing = desired === undefined ? undefined : all.find(({ name }) => name === desired.name);
  if (desired?.mustExist === true && existing === undefined) {
    throw new SyncError(`reconcilePublicIP for service(${serviceName(service)}): pip(${desired.name}) not found`);
  }
  const deletions: PublicIpChange[] = [];
  for (const publicIp of all) {
    const change = changeOf(publicIp, request, desired?.name ?? '');
    if (change?.change === 'write') return change;
    if (change !== undefined) deletions.push(change);
  }
  if (deletions.length > 0) return deletions[0];
  if (desired === undefined) return undefined;
  const ensured = ensurePublicIp(existing, { service, version, desired, config });
  return ensured === existing ? undefined : { change: 'write', publicIp: ensured };
}

function listAll(list: PublicIpList, own: string, clusters: string): readonly azure.PublicIpAddress[] {
  const isElsewhere = own.toLowerCase() !== clusters.toLowerCase();
  return isElsewhere ? [...list(own, false), ...list(clusters, false)] : list(own, false);
}

function ofVersion(publicIps: readonly azure.PublicIpAddress[], version: azure.IpVersion) {
  return publicIps.filter(({ properties }) => (properties.publicIPAddressVersion ?? 'IPv4') === version);
}

/** What becomes of one public IP; undefined where it is another's, or stays as it is. */
function changeOf(
  publicIp: azure.PublicIpAddress,
  { service, wantLoadBalancer, config }: PublicIpsRequest,
  desiredName: string,
): PublicIpChange | undefined {
  const { owns, userAssigned } = ownershipOf(service, publicIp, config.clusterName);
  if (!owns || userAssigned) return undefined;
  let changed = publicIp;
  let references = servicesIn(serviceTag(publicIp.tags ?? {}));
  if (!wantLoadBalancer) {
    const { tags, remaining = [] } = unbound(publicIp.tags, serviceName(service), false);
    changed = withTags(changed, tags);
    references = remaining;
  }
  changed = withTags(changed, annotatedTags(service, changed.tags ?? {}));
  const releases = mayRelease({
    publicIp: changed,
    references,
    wantLoadBalancer,
    internal: requiresInternal(service),
    userAssigned,
    desiredName,
    ipTags: requestedIpTags(service),
    mutatesIpTags: config.mutatesIpTags,
  });
  if (releases) return { change: 'delete', publicIp };
  changed = withRequestedIpTags(changed, service, config);
  return changed === publicIp ? undefined : { change: 'write', publicIp: changed };
}
