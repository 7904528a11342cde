/**
 * Rules as kube-proxy writes them for iptables-restore: the same as iptables-save prints, in other words and another order.
 * Source: the argument lists in kubernetes pkg/proxy/iptables/proxier.go.
 */
import {
  fixedText,
  type Match,
  matchText,
  protocolName,
  type Rule,
  type Target,
} from '../../../src/dataplane/index.ts';
import { type Cidr, type Family, formatAddress, formatCidr, formatEndpoint } from '../../../src/model/index.ts';
import { PROBABILITY_DECIMALS } from './endpoint-rules.ts';
import { HostCidr } from './rule.ts';

/** Prints the masquerade mark; kube-proxy has it as `0x00004000`. */
export type MarkFormat = (mark: number) => string;

export function defaultMarkFormat(mark: number): string {
  return `0x${mark.toString(16).padStart(8, '0')}`;
}

function addressesText(cidr: Cidr): string {
  return cidr instanceof HostCidr ? formatAddress(cidr.network) : formatCidr(cidr);
}

/** Quotes where there is a space: service port names have none, and stand bare. */
function commentText(text: string): string {
  return `-m comment --comment ${text.includes(' ') ? `"${text}"` : text}`;
}

export function restoreMatchText(match: Match, family: Family, markFormat: MarkFormat): string {
  switch (match.match) {
    case 'comment':
      return commentText(match.text);
    case 'protocol':
      // kube-proxy loads the protocol's match along with the protocol.
      return `-m ${protocolName(match.protocol)} -p ${protocolName(match.protocol)}`;
    case 'ports':
      return match.destination === undefined ? '' : `--dport ${match.destination[0]}`;
    case 'source':
      return `${match.inverted ? '! ' : ''}-s ${addressesText(match.cidr)}`;
    case 'destination':
      return `${match.inverted ? '! ' : ''}-d ${addressesText(match.cidr)}`;
    case 'statistic':
      return `-m statistic --mode random --probability ${fixedText(match.probability, PROBABILITY_DECIMALS)}`;
    case 'recent':
      return match.action === 'set'
        ? `-m recent --name ${match.name} --set`
        : `-m recent --name ${match.name} --rcheck --seconds ${match.seconds} --reap`;
    case 'mark': {
      const mark = markFormat(match.value);
      return `-m mark ${match.inverted ? '! ' : ''}--mark ${mark}/${mark}`;
    }
    case 'nfacct':
      return `-m nfacct --nfacct-name ${match.name}`;
    default:
      return matchText(match, family);
  }
}

export function restoreTargetText(target: Target, markFormat: MarkFormat): string {
  switch (target.target) {
    case 'none':
      return '';
    case 'jump':
      return `-j ${target.chain.name}`;
    case 'MARK':
      return `-j MARK --${target.mask === 0 ? 'xor' : 'or'}-mark ${markFormat(target.value)}`;
    case 'DNAT':
      if (target.port === undefined) throw new Error('kube-proxy writes no DNAT without a port');
      return `-j DNAT --to-destination ${formatEndpoint(target.address, target.port)}`;
    case 'MASQUERADE':
      return `-j MASQUERADE${target.randomFully ? ' --random-fully' : ''}`;
    default:
      return `-j ${target.target}`;
  }
}

/** One rule as kube-proxy hands it to iptables-restore. */
export function restoreRuleText(chain: string, rule: Rule, family: Family, markFormat: MarkFormat): string {
  const matches = rule.matches.map((match) => restoreMatchText(match, family, markFormat));
  return [`-A ${chain}`, ...matches, restoreTargetText(rule.target, markFormat)]
    .filter((text) => text !== '')
    .join(' ');
}
