/**
 * A public IP as a Service needs it.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (ensurePublicIPExists and what it calls).
 */
import { azure, type Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, annotationOf, publicIpPrefixOf, publicIpResourceGroup } from '../annotations.ts';
import { type CloudConfig, publicIpId } from '../cloud-config.ts';
import { serviceName } from '../names.ts';
import { SyncError } from '../sync-error.ts';
import type { DesiredPublicIp } from './find.ts';
import { requestedIpTags, sameIpTags } from './ip-tags.ts';
import { ownershipOf } from './ownership.ts';
import { annotatedTags, boundTo, dnsTag, newTags, withDnsTag } from './tags.ts';

export interface EnsureRequest {
  readonly service: Service;
  readonly version: azure.IpVersion;
  readonly desired: DesiredPublicIp;
  readonly config: CloudConfig;
}

/** What was asked of DNS: undefined where the Service has no such annotation. */
function dnsLabelOf(service: Service): string | undefined {
  return annotationOf(service, ANNOTATIONS.dnsLabel);
}

/** The public IP as it must be written; the same object where nothing is to be written. Throws a `SyncError`. */
export function ensurePublicIp(
  existing: azure.PublicIpAddress | undefined,
  request: EnsureRequest,
  dnsLabel = dnsLabelOf(request.service),
): azure.PublicIpAddress {
  const { service, version, desired, config } = request;
  if (existing === undefined) return withSettings(newPublicIp(request), request, false, dnsLabel);
  const { owns, userAssigned } = ownershipOf(service, existing, config.clusterName);
  let ensured =
    owns && !userAssigned ? withTags(existing, boundTo(existing.tags ?? {}, serviceName(service))) : existing;
  if (config.loadBalancerSku === 'standard' && ensured.sku?.name !== 'Standard')
    ensured = { ...ensured, sku: { name: 'Standard' } };
  if (!userAssigned) ensured = withRequestedIpTags(ensured, service, config);
  const label = ensured.properties.dnsSettings?.domainNameLabel ?? '';
  const isItsLabel = azure.sameId(dnsTag(ensured.tags ?? {}), serviceName(service));
  if (azure.sameId(label, dnsLabel ?? '') && isItsLabel) return ensured;
  if (Object.keys(ensured.properties).length === 0)
    ensured = { ...ensured, properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: version } };
  return withSettings({ ...ensured, name: existing.name || desired.name }, request, userAssigned, dnsLabel, existing);
}

function newPublicIp({ service, version, desired, config }: EnsureRequest): azure.PublicIpAddress {
  const { name, mustExist } = desired;
  if (mustExist) {
    const who = serviceName(service);
    throw new SyncError(`PublicIP from annotation azure-pip-name(-IPv6)=${name} for service ${who} doesn't exist`);
  }
  const isStandard = config.loadBalancerSku === 'standard';
  const prefix = publicIpPrefixOf(service, version);
  const ipTags = requestedIpTags(service);
  return {
    type: 'Microsoft.Network/publicIPAddresses',
    id: publicIpId(config, publicIpResourceGroup(service, config.resourceGroup), name),
    name,
    location: config.location,
    ...(isStandard ? { sku: { name: 'Standard' } } : {}),
    ...(isStandard && config.zones.length > 0 ? { zones: config.zones } : {}),
    tags: newTags(config.clusterName, serviceName(service)),
    properties: {
      publicIPAllocationMethod: 'Static',
      publicIPAddressVersion: version,
      ...(ipTags === undefined ? {} : { ipTags }),
      ...(isStandard && prefix !== '' ? { publicIPPrefix: { id: prefix } } : {}),
    },
  };
}

/** With tags, DNS label and IP version as the Service wants them; `unchanged` itself where that makes no difference. */
function withSettings(
  publicIp: azure.PublicIpAddress,
  { service, version, config }: EnsureRequest,
  userAssigned: boolean,
  dnsLabel: string | undefined,
  unchanged?: azure.PublicIpAddress,
): azure.PublicIpAddress {
  let ensured = userAssigned ? publicIp : withTags(publicIp, annotatedTags(service, publicIp.tags ?? {}));
  if (dnsLabel !== undefined) ensured = withDnsLabel(ensured, service, dnsLabel, userAssigned);
  ensured = withVersion(ensured, version, config);
  return unchanged !== undefined && sameWrite(ensured, unchanged) ? unchanged : ensured;
}

function sameWrite(a: azure.PublicIpAddress, b: azure.PublicIpAddress): boolean {
  const same = a.sku?.name === b.sku?.name && JSON.stringify(a.tags ?? {}) === JSON.stringify(b.tags ?? {});
  return same && JSON.stringify(a.properties) === JSON.stringify(b.properties);
}

export function withTags(publicIp: azure.PublicIpAddress, tags: azure.Tags): azure.PublicIpAddress {
  return tags === publicIp.tags ? publicIp : { ...publicIp, tags };
}

/** Only where the cluster may change the IP tags of an address that is there. */
export function withRequestedIpTags(
  publicIp: azure.PublicIpAddress,
  service: Service,
  { mutatesIpTags }: CloudConfig,
): azure.PublicIpAddress {
  const ipTags = requestedIpTags(service);
  if (!mutatesIpTags || ipTags === undefined || sameIpTags(publicIp.properties.ipTags, ipTags)) return publicIp;
  return { ...publicIp, properties: { ...publicIp.properties, ipTags } };
}

function withDnsLabel(
  publicIp: azure.PublicIpAddress,
  service: Service,
  label: string,
  userAssigned: boolean,
): azure.PublicIpAddress {
  const who = serviceName(service);
  const { tags = {}, name } = publicIp;
  const owner = dnsTag(tags);
  if (owner !== '' && !azure.sameId(owner, who)) {
    const place = `ensurePublicIPExists for service(${who})`;
    throw new SyncError(
      `${place}: failed to reconcileDNSSettings: ${place}: pip(${name}) - there is an existing service ${owner} consuming the DNS label on the public IP, so the service cannot set the DNS label annotation with this value`,
    );
  }
  const { dnsSettings, ...rest } = publicIp.properties;
  if (label === '') return dnsSettings === undefined ? publicIp : { ...publicIp, properties: rest };
  const tagged = owner === '' && !userAssigned ? { ...publicIp, tags: withDnsTag(tags, who) } : publicIp;
  if (azure.sameId(dnsSettings?.domainNameLabel, label)) return tagged;
  return { ...tagged, properties: { ...publicIp.properties, dnsSettings: { ...dnsSettings, domainNameLabel: label } } };
}

/** An IPv6 address is static on the standard SKU, dynamic on the basic one. */
function withVersion(
  publicIp: azure.PublicIpAddress,
  version: azure.IpVersion,
  { loadBalancerSku }: CloudConfig,
): azure.PublicIpAddress {
  const { properties } = publicIp;
  const method = loadBalancerSku === 'standard' ? 'Static' : 'Dynamic';
  const wanted = version === 'IPv6' ? ({ publicIPAllocationMethod: method } as const) : {};
  const isSame =
    properties.publicIPAddressVersion === version &&
    (version === 'IPv4' || properties.publicIPAllocationMethod === method);
  if (isSame) return publicIp;
  return { ...publicIp, properties: { ...properties, publicIPAddressVersion: version, ...wanted } };
}
