/**
 * Which member of a pool a load balancer sends a flow to. Azure hashes the five-tuple, or with session persistence the
 * addresses alone, and keeps a flow where it is; its hash is not public, so ours stands in for it: FNV-1a over the same fields.
 * Members take places by rendezvous: one that goes moves only its own flows.
 * Source: https://learn.microsoft.com/azure/load-balancer/distribution-mode-concepts
 */
import { type azure, formatAddress } from '../../model/index.ts';
import type { Flow } from './flow.ts';

type Distribution = NonNullable<azure.LoadBalancingRule['properties']['loadDistribution']>;

function hashedText(flow: Flow, distribution: Distribution): string {
  const addresses = `${formatAddress(flow.source)} ${formatAddress(flow.destination)}`;
  switch (distribution) {
    case 'SourceIP':
      return addresses;
    case 'SourceIPProtocol':
      return `${addresses} ${flow.protocol}`;
    case 'Default':
      return `${addresses} ${flow.protocol} ${flow.sourcePort} ${flow.destinationPort}`;
    default:
      throw new Error(`no such distribution: ${distribution satisfies never}`);
  }
}

/** FNV-1a, 32 bits, stirred as murmur3 ends, so that texts that differ in their last character differ everywhere. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The member, by its name; undefined where there is none. */
export function memberFor(
  flow: Flow,
  members: readonly string[],
  distribution: Distribution = 'Default',
): string | undefined {
  const text = hashedText(flow, distribution);
  let chosen: string | undefined;
  let highest = -1;
  for (const member of members) {
    const score = hashOf(`${member} ${text}`);
    if (score > highest) [chosen, highest] = [member, score];
  }
  return chosen;
}
