/** How many machines an upgrade adds to a pool: https://learn.microsoft.com/azure/aks/upgrade-aks-node-pools-rolling */
import type { AgentPoolProfile } from './cluster.ts';

/** What AKS writes into new pools. */
const MAX_SURGE = '10%';

/** Machines that an upgrade of a pool of `count` adds before it takes old ones away: shares are rounded up. */
export function surgeOf({ upgradeSettings }: Pick<AgentPoolProfile, 'upgradeSettings'>, count: number): number {
  const maxSurge = upgradeSettings?.maxSurge ?? MAX_SURGE;
  const number = Number.parseInt(maxSurge, 10);
  return maxSurge.endsWith('%') ? Math.ceil((count * number) / 100) : number;
}
