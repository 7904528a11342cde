/**
 * iptables' rules walked as they are written, chain by chain, rule by rule, match by match: what compiled code stands for. Tests
 * hold the code against it; nothing else uses it.
 */
import {
  type Chain,
  DESTINATION_NAT,
  type Match,
  numberOfAddress,
  type Rule,
  type Ruleset,
  SOURCE_NAT,
  STATE_DNAT,
  STATE_SNAT,
} from '../../dataplane/index.ts';
import { type Address, contains } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { applyDnat, applyMasquerade, applySnat, SAME_PORT } from '../nat.ts';
import { ACCEPT, CONTINUE, DROP, hookAt, REJECT, tableAt } from '../stops.ts';
import type { HostRules } from './ruleset-program.ts';

/** back to the chain that jumped here */
const RETURN = 4;

export function linearRules(ruleset: Ruleset): HostRules {
  return {
    translates: ruleset.table('nat') !== undefined,
    stops: -1,
    run: (flight, stop) => {
      const chain = ruleset.table(tableAt(stop))?.chain(hookAt(stop));
      return chain === undefined || (chain.rules.length === 0 && chain.policy !== 'DROP')
        ? ACCEPT
        : runBase(flight, stop, chain);
    },
  };
}

function runBase(flight: Flight, stop: number, chain: Chain): number {
  const name = tableAt(stop);
  flight.tableName = name;
  flight.recorder?.hook(flight.host, flight.packet(), hookAt(stop), name);
  const decision = runChain(flight, chain);
  if (decision !== CONTINUE) return decision;
  flight.recorder?.policy(flight.host, flight.packet(), name, chain);
  if (chain.policy !== 'DROP') return ACCEPT;
  flight.blamedChain = chain.name;
  return DROP;
}

function runChain(flight: Flight, chain: Chain): number {
  for (const rule of chain.rules) {
    if (!inKernelOrder(rule).every((match) => matches(flight, match))) continue;
    flight.recorder?.rule(flight, { chain, rule });
    const decision = act(flight, chain, rule);
    if (decision !== CONTINUE) return decision === RETURN ? CONTINUE : decision;
  }
  return CONTINUE;
}

/** ip_packet_match first, then the extensions as written (ipt_do_table). */
function inKernelOrder({ matches: written }: Rule): readonly Match[] {
  const header = ['source', 'destination', 'protocol', 'in-interface', 'out-interface'];
  const isOfHeader = ({ match }: Match) => header.includes(match);
  return [...written.filter(isOfHeader), ...written.filter((match) => !isOfHeader(match))];
}

function matches(flight: Flight, match: Match): boolean {
  switch (match.match) {
    case 'source':
      return contains(match.cidr, flight.sourceAddress) !== match.inverted;
    case 'destination':
      return contains(match.cidr, flight.destinationAddress) !== match.inverted;
    case 'protocol':
      return (flight.protocol === match.protocol) !== match.inverted;
    case 'ports':
      return (
        flight.protocol === match.protocol &&
        isBetween(flight.sourcePort, match.source) !== (match.sourceInverted ?? false) &&
        isBetween(flight.destinationPort, match.destination) !== (match.destinationInverted ?? false)
      );
    case 'mark':
      return ((flight.mark & match.mask) >>> 0 === match.value) !== match.inverted;
    case 'conntrack':
      return hasState(flight, match.states) !== match.inverted;
    case 'address-type':
      return isOfType(flight, match.side === 'source' ? flight.sourceAddress : flight.destinationAddress, match);
    case 'in-interface':
    case 'out-interface': {
      const device = match.match === 'in-interface' ? flight.inInterface : flight.outInterface;
      const isIt = match.name.endsWith('+') ? device.startsWith(match.name.slice(0, -1)) : device === match.name;
      return isIt !== match.inverted;
    }
    case 'statistic':
      return flight.chance.happens(Math.round(match.probability * 2 ** 31));
    case 'comment':
      return true;
    default:
      throw new Error(`the linear walk does not know ${match.match}`);
  }
}

function isBetween(port: number, range: readonly [number, number] | undefined): boolean {
  return range === undefined || (port >= range[0] && port <= range[1]);
}

function hasState({ state, connection }: Flight, states: number): boolean {
  const status = connection?.status ?? 0;
  const translated =
    ((status & DESTINATION_NAT) === 0 ? 0 : STATE_DNAT) | ((status & SOURCE_NAT) === 0 ? 0 : STATE_SNAT);
  return (states & (state | translated)) !== 0;
}

function isOfType({ host }: Flight, address: Address, match: Extract<Match, { match: 'address-type' }>): boolean {
  if (match.type !== 'LOCAL') throw new Error(`the linear walk does not know --dst-type ${match.type}`);
  return host.isLocal(address) !== match.inverted;
}

function act(flight: Flight, chain: Chain, rule: Rule): number {
  const { target } = rule;
  switch (target.target) {
    case 'none':
      return CONTINUE;
    case 'ACCEPT':
      return ACCEPT;
    case 'RETURN':
      return RETURN;
    case 'DROP':
    case 'REJECT':
      flight.blamed = rule;
      flight.blamedChain = chain.name;
      return target.target === 'DROP' ? DROP : REJECT;
    case 'jump':
      return runChain(flight, target.chain);
    case 'MARK':
      flight.mark = (flight.mark & ~target.mask) ^ target.value;
      return CONTINUE;
    case 'DNAT':
      applyDnat(flight, numberOfAddress(target.address), target.port ?? SAME_PORT);
      return ACCEPT;
    case 'SNAT':
      applySnat(flight, target);
      return ACCEPT;
    case 'MASQUERADE':
      return applyMasquerade(flight, target) ? ACCEPT : DROP;
    default:
      return target satisfies never;
  }
}
