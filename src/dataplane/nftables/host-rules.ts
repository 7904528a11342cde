/** nft's tables as a host's rules. */
import type { Family } from '../../model/index.ts';
import type { Ruleset } from '../netfilter.ts';
import type { NftTable } from './ruleset.ts';

/** The tables of one family, to be walked as nft's. Make it once for as long as the tables stay: what is made from it is kept with it. */
export function nftRuleset(tables: readonly NftTable[], family: Family): Ruleset {
  return { family, nftables: tables.filter((table) => table.family === family), table: () => undefined };
}
