/** Rules without a cluster around them: one node that has loaded them, and a packet that meets them. */
import { nftRuleset, type ParseFailure, parseIptablesSave, parseNft, type Ruleset } from '../dataplane/index.ts';
import { type Address, type Family, familyOf, type Packet } from '../model/index.ts';
import { type Outcome, outcomes, soloWorld } from '../packet/index.ts';
import { circularChain } from './jump-circle.ts';

export type { ParseFailure } from '../dataplane/index.ts';
/** One way in which a packet may end, and how likely it is. */
export type PacketOutcome = Outcome;

export interface LoneNode {
  /** what iptables-save, or for an IPv6 packet ip6tables-save, prints; or what nft prints or is told */
  readonly rules: string;
  /** the node's own, the primary one of each family first; loopback is understood */
  readonly addresses: readonly Address[];
}

const NODE_NAME = 'node';

/**
 * Every way that this packet may go through the node, with its probability; or the first line of the rules that is not
 * understood. A packet from one of the node's own addresses is sent by a process of it, any other comes in by eth0.
 */
export function outcomesThrough({ rules, addresses }: LoneNode, packet: Packet): readonly Outcome[] | ParseFailure {
  const isNft = NFT_TEXT.test(rules);
  const ruleset = (isNft ? readNft : readIptables)(rules, familyOf(packet.destination));
  if ('message' in ruleset) return ruleset;
  const circular = circularChain(ruleset);
  if (circular !== undefined)
    return { line: lineWith(rules, circular), message: `chain ${circular} jumps in a circle` };
  // kube-proxy routes loopback addresses in iptables mode only.
  const world = soloWorld({ name: NODE_NAME, rules: [ruleset], addresses, routeLocalnet: !isNft });
  return outcomes(world.node.isLocal(packet.source) ? world.node : world.client, packet, 0);
}

/** Where a chain is named first. */
function lineWith(text: string, name: string): number {
  return text.split('\n').findIndex((line) => line.split(/[\s:]+/).includes(name)) + 1;
}

/** The first word that is in no comment: nft lists tables, and its scripts add them. */
const NFT_TEXT = /^(?:\s*#.*\n|\s)*(?:table|add)\s/;

function readIptables(text: string, family: Family): Ruleset | ParseFailure {
  return parseIptablesSave(text, family);
}

function readNft(text: string, family: Family): Ruleset | ParseFailure {
  const tables = parseNft(text.replace(/^\s*#.*/gm, ''));
  return 'message' in tables ? tables : nftRuleset(tables, family);
}
