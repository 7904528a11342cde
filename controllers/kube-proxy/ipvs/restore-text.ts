/**
 * Rules as kube-proxy writes them for iptables-restore in IPVS mode. What other modes have too is printed as they print it.
 * Source: the argument lists in kubernetes pkg/proxy/ipvs/proxier.go.
 */
import { matchText, protocolName, type Rule } from '../../../src/dataplane/index.ts';
import { type Family, formatAddress } from '../../../src/model/index.ts';
import { type MarkFormat, restoreMatchText, restoreTargetText } from '../iptables/index.ts';
import type { IpvsChains, IpvsJump } from './rules.ts';

type RuleMatch = Rule['matches'][number];

function ipvsMatchText(match: RuleMatch, family: Family, markFormat: MarkFormat): string {
  switch (match.match) {
    case 'protocol':
      // The sets know ports, so the protocol's own match is not loaded.
      return `-p ${protocolName(match.protocol)}`;
    case 'ipvs': {
      const { address, protocol, port } = match;
      return `-m ipvs --vaddr ${formatAddress(address)} --vproto ${protocolName(protocol)} --vport ${port}`;
    }
    case 'set':
    case 'physdev':
      return matchText(match, family);
    default:
      return restoreMatchText(match, family, markFormat);
  }
}

/** One rule as kube-proxy hands it to iptables-restore. */
export function ipvsRuleText(chain: string, { matches, target }: Rule, family: Family, markFormat: MarkFormat): string {
  const texts = matches.map((match) => ipvsMatchText(match, family, markFormat));
  return [`-A ${chain}`, ...texts, restoreTargetText(target, markFormat)].join(' ');
}

export function ipvsJumpText({ from, to, comment }: IpvsJump): string {
  return `-A ${from} -m comment --comment "${comment}" -j ${to}`;
}

/** The whole text of one restore: nat before filter. */
export function ipvsRestoreInput({ nat, filter }: IpvsChains, family: Family, markFormat: MarkFormat): string {
  let text = '';
  for (const [name, chains] of [['nat', nat] as const, ['filter', filter] as const]) {
    const declared = chains.map((chain) => `:${chain.name} - [0:0]\n`);
    const rules = chains.flatMap((chain) =>
      chain.rules.map((rule) => `${ipvsRuleText(chain.name, rule, family, markFormat)}\n`),
    );
    text += `*${name}\n${declared.join('')}${rules.join('')}COMMIT\n`;
  }
  return text;
}
