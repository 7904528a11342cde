/** What service ports' rules are made with: the same for all nodes that share a writer. */
import type { NftChain, NftStatement } from '../../../src/dataplane/index.ts';
import type { Cidr, Family } from '../../../src/model/index.ts';
import type { NftablesConfig } from './config.ts';
import { matches, REJECT, rule } from './statement.ts';

/** What the local detector matches: packets from pods, and all others. */
export interface DetectorMatches {
  readonly ifLocal: NftStatement;
  readonly ifNotLocal: NftStatement;
}

export interface SharedParts {
  readonly family: Family;
  readonly detector: DetectorMatches | undefined;
  /** marks a packet to be masqueraded */
  readonly setMark: NftStatement;
  readonly rejectChain: NftChain;
}

const REJECT_CHAIN: NftChain = {
  name: 'reject-chain',
  comment: 'helper for @no-endpoint-services / @no-endpoint-nodeports',
  rules: [rule(undefined, REJECT)],
};

/** `podCidr`: the node's own, where that is what tells pods */
export function sharedParts(config: NftablesConfig, podCidr: Cidr | undefined): SharedParts {
  return {
    family: config.family,
    detector: detectorMatches(config, podCidr),
    setMark: { statement: 'set mark', operation: 'or', value: 2 ** config.masqueradeBit },
    rejectChain: REJECT_CHAIN,
  };
}

/** Source: kubernetes pkg/proxy/util/localdetector.go (IfLocalNFT, IfNotLocalNFT). */
function detectorMatches(config: NftablesConfig, podCidr: Cidr | undefined): DetectorMatches | undefined {
  const { localDetector, family } = config;
  switch (localDetector.mode) {
    case 'ClusterCIDR':
      return byAddress(localDetector.cidr.family === family ? localDetector.cidr : undefined);
    case 'NodeCIDR':
      return byAddress(podCidr);
    case 'BridgeInterface':
      return byInterface(localDetector.name);
    case 'InterfaceNamePrefix':
      return byInterface(`${localDetector.prefix}*`);
    case 'none':
      return undefined;
    default:
      return localDetector satisfies never;
  }
}

function byAddress(cidr: Cidr | undefined): DetectorMatches | undefined {
  return cidr && { ifLocal: matches('saddr', cidr), ifNotLocal: matches('saddr', cidr, true) };
}

function byInterface(name: string): DetectorMatches {
  return { ifLocal: matches('iifname', name), ifNotLocal: matches('iifname', name, true) };
}
