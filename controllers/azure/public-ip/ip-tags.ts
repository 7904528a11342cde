/** IP tags, which say what an address may be used for: https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses */
import type { azure, Service } from '../../../src/model/index.ts';
import { ANNOTATIONS, annotationOf } from '../annotations.ts';

/** `FirstPartyUsage=/Unprivileged`; undefined where the Service does not ask. The last of one type counts. */
export function requestedIpTags(service: Service): readonly azure.IpTag[] | undefined {
  const text = annotationOf(service, ANNOTATIONS.ipTags);
  if (text === undefined) return undefined;
  const tags = new Map<string, string>();
  for (const pair of text.trim().split(',')) {
    const [type, tag, ...rest] = pair.split('=');
    if (type !== undefined && tag !== undefined && rest.length === 0) tags.set(type.trim(), tag.trim());
  }
  return [...tags].map(([ipTagType, tag]) => ({ ipTagType, tag }));
}

export function sameIpTags(a: readonly azure.IpTag[] = [], b: readonly azure.IpTag[] = []): boolean {
  return sorted(a).join() === sorted(b).join();
}

function sorted(tags: readonly azure.IpTag[]): readonly string[] {
  return tags.map(({ ipTagType, tag }) => JSON.stringify([ipTagType, tag])).sort();
}
