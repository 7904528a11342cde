/**
 * A ruleset as `iptables-save` (1.8.9, nf_tables) prints it, counters at zero and without its two lines of remarks per table.
 */
import { type Family, formatAddress, formatEndpoint, type TableName } from '../../model/index.ts';
import type { Chain, Match, Rule, Ruleset, Table, Target } from '../netfilter.ts';
import { matchText } from './match-text.ts';

const TABLES: readonly TableName[] = ['nat', 'filter', 'mangle', 'raw'];

/** What iptables keeps outside of its matches, in the order in which it prints them; all else keeps the order written. */
const FIRST: readonly Match['match'][] = ['source', 'destination', 'in-interface', 'out-interface', 'protocol'];

function targetText(target: Target): string {
  switch (target.target) {
    case 'none':
      return '';
    case 'ACCEPT':
    case 'DROP':
    case 'RETURN':
      return `-j ${target.target}`;
    case 'jump':
      return `-j ${target.chain.name}`;
    case 'REJECT':
      return `-j REJECT --reject-with ${target.with}`;
    case 'MARK':
      return `-j MARK --set-xmark 0x${target.value.toString(16)}/0x${target.mask.toString(16)}`;
    case 'DNAT': {
      const { address, port } = target;
      return `-j DNAT --to-destination ${port === undefined ? formatAddress(address) : formatEndpoint(address, port)}`;
    }
    case 'SNAT':
      return `-j SNAT --to-source ${formatAddress(target.address)}${target.randomFully ? ' --random-fully' : ''}`;
    case 'MASQUERADE':
      return `-j MASQUERADE${target.randomFully ? ' --random-fully' : ''}`;
    default:
      return target satisfies never;
  }
}

/** One rule as iptables-save prints it: `-A KUBE-SVC-… -m comment … -j KUBE-SEP-…`. `family` tells which masks to print. */
export function ruleText(chain: string, rule: Rule, family: Family = 4): string {
  const words = [`-A ${chain}`];
  for (const kind of FIRST)
    for (const match of rule.matches) if (match.match === kind) words.push(matchText(match, family));
  for (const match of rule.matches) if (!FIRST.includes(match.match)) words.push(matchText(match, family));
  words.push(targetText(rule.target));
  return words.filter((word) => word !== '').join(' ');
}

function chainLine(chain: Chain): string {
  return `:${chain.name} ${chain.policy ?? '-'} [0:0]\n`;
}

/** One table: its chains, then each chain's rules. */
export function tableText(table: Table, family: Family = 4): string {
  let text = `*${table.name}\n`;
  const chains = table.chains();
  for (const chain of chains) text += chainLine(chain);
  for (const chain of chains) for (const rule of chain.rules) text += `${ruleText(chain.name, rule, family)}\n`;
  return `${text}COMMIT\n`;
}

/** `iptables-save` of these tables, those that the ruleset has. Makes every rule: for people, never on the way of a packet. */
export function iptablesSave(ruleset: Ruleset, tables: readonly TableName[] = TABLES): string {
  let text = '';
  for (const name of tables) {
    const table = ruleset.table(name);
    if (table !== undefined) text += tableText(table, ruleset.family ?? 4);
  }
  return text;
}
