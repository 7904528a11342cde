/** Security groups on a flow's way: each that guards the sender, or the receiver, must let it through. */
import { azure, type Cidr } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import type { Host } from '../world.ts';
import { viewOf } from './network-map.ts';
import { groupsOf, type Place, type PlaceParts } from './places.ts';
import { type Direction, securityDecision } from './security-rules.ts';
import type { TagSpace } from './service-tags.ts';

/** A range of pod addresses that the network does not know, one of each family, and the model that it belongs to. */
export interface PodRange {
  readonly cidrs: readonly Cidr[];
  readonly model: 'overlay' | 'kubenet';
}

interface CheckParts extends PlaceParts {
  /** of the network that the cluster's nodes are in */
  readonly networkId: string;
  /** service tags beside those that mean the network itself, in lower case */
  readonly serviceTags: ReadonlyMap<string, readonly Cidr[]>;
}

/** False where a group denies the flow: its rule is the reason in the verdict. `fabric` is where it is recorded. */
export function isAllowed(
  flight: Flight,
  fabric: Host,
  place: Place,
  direction: Direction,
  parts: CheckParts,
  podRange: PodRange | undefined,
): boolean {
  const groups = groupsOf(place, direction, parts.cloud);
  if (groups.length === 0 || place.in !== 'subnet') return true;
  const { protocol, sourceAddress, sourcePort, destinationAddress, destinationPort } = flight;
  const flow = { protocol, source: sourceAddress, sourcePort, destination: destinationAddress, destinationPort };
  const tags = tagsOf(place.network, parts, podRange);
  for (const group of groups) {
    const decision = securityDecision(group, direction, flow, tags);
    if (decision === undefined) continue;
    const { access, rule, priority } = decision;
    const of = `NSG ${group.name} ${direction.toLowerCase()}`;
    const effect = access === 'Allow' ? 'allowed' : 'denied';
    flight.recorder?.decision(fabric, flight.packet(), { of, rule: `${rule} (${priority})`, effect });
    if (access === 'Allow') continue;
    const reason = `NSG rule ${priority} ${rule} of ${group.name} denies it ${direction.toLowerCase()}`;
    flight.verdict = { verdict: 'dropped', host: `nsg/${group.name}`, reason };
    return false;
  }
  return true;
}

/** Pods of a range of their own count as the network's: the rule AllowVnetInBound lets nodes' pods reach each other. */
function tagsOf(network: azure.VirtualNetwork, parts: CheckParts, podRange: PodRange | undefined): TagSpace {
  const { own, peers, sites } = viewOf(network, parts.cloud);
  const virtualNetwork = [
    ...own,
    ...peers.flatMap(({ prefixes }) => prefixes),
    ...sites.flatMap(({ prefixes }) => prefixes),
    ...(podRange !== undefined && azure.sameId(network.id, parts.networkId) ? podRange.cidrs : []),
  ];
  return { virtualNetwork, others: parts.serviceTags };
}
