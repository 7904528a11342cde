/**
 * The tags by which a public IP says whose it is.
 * Source: cloud-provider-azure pkg/provider/azure_loadbalancer.go (bindServicesToPIP, unbindServiceFromPIP, ensurePIPTagged).
 */
import { azure, type Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, annotationOf } from '../annotations.ts';
import { SyncError } from '../sync-error.ts';

/** Tags that clusters of old releases wrote without `k8s-azure-`. */
const SERVICE_TAG = { key: 'k8s-azure-service', legacy: 'service' };
const CLUSTER_TAG = { key: 'k8s-azure-cluster-name', legacy: 'kubernetes-cluster-name' };
const DNS_TAG = { key: 'k8s-azure-dns-label-service', legacy: 'kubernetes-dns-label-service' };

function tagOf(tags: azure.Tags, { key, legacy }: { readonly key: string; readonly legacy: string }): string {
  return tags[key] ?? tags[legacy] ?? '';
}

export function serviceTag(tags: azure.Tags): string {
  return tagOf(tags, SERVICE_TAG);
}

export function clusterTag(tags: azure.Tags): string {
  return tagOf(tags, CLUSTER_TAG);
}

/** The Service that has given the address its DNS label. */
export function dnsTag(tags: azure.Tags): string {
  return tagOf(tags, DNS_TAG);
}

export function withDnsTag(tags: azure.Tags, service: string): azure.Tags {
  return { ...tags, [DNS_TAG.key]: service };
}

/** The Services of a tag, `namespace/name` each. */
export function servicesIn(tag: string): readonly string[] {
  return tag
    .split(',')
    .filter((name) => name !== '')
    .map((name) => name.trim());
}

export function newTags(clusterName: string, service: string): azure.Tags {
  return { [SERVICE_TAG.key]: service, [CLUSTER_TAG.key]: clusterName };
}

/** The tags with the Service among their Services; the same object where it was already. */
export function boundTo(tags: azure.Tags, service: string): azure.Tags {
  const tag = serviceTag(tags);
  if (servicesIn(tag).includes(service)) return tags;
  return { ...tags, [SERVICE_TAG.key]: tag === '' ? service : `${tag},${service}` };
}

export interface Unbound {
  readonly tags: azure.Tags;
  /** the Services that are left; undefined where the address is somebody's own */
  readonly remaining: readonly string[] | undefined;
}

/** Takes a Service out of the tags. Throws a `SyncError` where there are none. */
export function unbound(tags: azure.Tags | undefined, service: string, isUserAssigned: boolean): Unbound {
  if (tags === undefined) throw new SyncError('nil public IP or tags');
  const withoutDns = azure.sameId(dnsTag(tags), service) ? withoutTag(tags, DNS_TAG) : tags;
  if (isUserAssigned) return { tags: withoutDns, remaining: undefined };
  const services = servicesIn(serviceTag(withoutDns));
  const last = services.findLastIndex((name) => azure.sameId(name, service));
  if (last < 0) return { tags: withoutDns, remaining: services };
  const remaining = services.filter((_, i) => i !== last);
  return { tags: { ...withoutDns, [SERVICE_TAG.key]: remaining.join(',') }, remaining };
}

function withoutTag(tags: azure.Tags, { key, legacy }: typeof DNS_TAG): azure.Tags {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => name !== key && name !== legacy));
}

/** The tags with those that the Service's annotation asks for; the same object where they were there already. */
export function annotatedTags(service: Service, tags: azure.Tags): azure.Tags {
  const wanted: Record<string, string> = { ...tagsIn(annotationOf(service, ANNOTATIONS.publicIpTags) ?? '') };
  // Whose the address is stays as it is, whatever the annotation says, under the names of today.
  for (const known of [CLUSTER_TAG, SERVICE_TAG, DNS_TAG]) {
    const value = tagOf(tags, known);
    if (value !== '') wanted[known.key] = value;
  }
  let changed = tags;
  for (const [name, value] of Object.entries(wanted)) {
    const own = Object.keys(changed).find((key) => azure.sameId(key, name)) ?? name;
    if (!azure.sameId(changed[own], value)) changed = { ...changed, [own]: value };
  }
  return changed;
}

/** `a=b,c=d`. Pairs that are none are left out, as are those without a name; `null` keeps its blanks, for ARM reserves the bare word. */
function tagsIn(text: string): azure.Tags {
  const tags: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [name = '', value, ...rest] = pair.split('=');
    if (value === undefined || rest.length > 0 || name.trim() === '') continue;
    tags[name.trim()] = value.trim().toLowerCase() === 'null' ? value : value.trim();
  }
  return tags;
}
