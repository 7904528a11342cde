/** The matches of an iptables rule as tests, in the order in which the kernel asks them. */
import {
  type Match,
  numberOfAddress,
  type Rule,
  STATE_DNAT,
  STATE_SNAT,
  sharesPrefix,
  wordsOfIpv6,
} from '../../dataplane/index.ts';
import type { Cidr } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { questionOf } from '../ipvs/questions.ts';
import type { Test } from './assembler.ts';
import { CHANCE, DESTINATION, DESTINATION_PORT, MARKED, PROTOCOL, SOURCE, SOURCE_PORT, STATE } from './instructions.ts';
import { addressTypeQuestion, interfaceQuestion, recentQuestion, statesQuestion } from './iptables-questions.ts';
import type { Known } from './known.ts';

type MatchOf<M extends Match['match']> = Extract<Match, { match: M }>;

/** A test, or its answer where that is known. */
type Answered = Test | boolean;

/** What a rule asks of a packet of which this much is known. `false` among them: the rule cannot match it. */
export function testsOf(rule: Rule, known: Known): readonly Answered[] {
  // As the kernel: what the IP header says comes first, wherever it is written, then the extensions in their order.
  const header = rule.matches.filter(isOfHeader);
  const extensions = rule.matches.filter((match) => !isOfHeader(match));
  return [...header, ...extensions].flatMap((match) => testsOfMatch(match, known));
}

function isOfHeader({ match }: Match): boolean {
  return match === 'source' || match === 'destination' || match === 'protocol' || match.endsWith('-interface');
}

function testsOfMatch(match: Match, known: Known): readonly Answered[] {
  switch (match.match) {
    case 'comment':
    case 'nfacct':
      return [];
    case 'source':
      return [addressTest(match, SOURCE, undefined)];
    case 'destination':
      return [addressTest(match, DESTINATION, known.destination)];
    case 'protocol':
      return [answered({ operation: PROTOCOL, a: match.protocol, b: 0, inverted: match.inverted }, known.protocol)];
    case 'ports':
      return portTests(match, known);
    case 'conntrack':
      return [stateTest(match)];
    case 'mark':
      return [{ operation: MARKED, a: match.value | 0, b: match.mask | 0, inverted: match.inverted }];
    case 'statistic':
      return [
        { operation: CHANCE, a: Math.round(match.probability * 2 ** 31), b: 0, inverted: false, hasEffect: true },
      ];
    case 'in-interface':
    case 'out-interface':
      return [{ ask: interfaceQuestion(match), inverted: match.inverted }];
    case 'address-type':
      return [{ ask: addressTypeQuestion(match), inverted: match.inverted }];
    case 'recent':
      return [{ ask: recentQuestion(match), inverted: false, hasEffect: match.action === 'set' }];
    case 'set':
    case 'ipvs':
    case 'physdev':
      return [{ ask: questionOf(match), inverted: 'inverted' in match && match.inverted }];
    default:
      return match satisfies never;
  }
}

/** A test that compares one number, with its answer where that number is known. */
function answered(test: Test & { readonly a: number }, value: number | undefined): Answered {
  return value === undefined ? test : (value === test.a) !== test.inverted;
}

function addressTest(
  { cidr, inverted }: MatchOf<'source' | 'destination'>,
  operation: number,
  known: number | undefined,
): Answered {
  if (known !== undefined) return isInside(cidr, known) !== inverted;
  if (cidr.family === 4) return { operation, a: numberOfAddress(cidr.network), b: cidr.mask | 0, inverted };
  const prefix = wordsOfIpv6(numberOfAddress(cidr.network));
  const address = operation === SOURCE ? (flight: Flight) => flight.source : (flight: Flight) => flight.destination;
  return { ask: (flight) => sharesPrefix(prefix, wordsOfIpv6(address(flight)), cidr.prefixLength), inverted };
}

function isInside({ family, network, mask, prefixLength }: Cidr, address: number): boolean {
  if (family === 4) return (address & mask) === numberOfAddress(network);
  return sharesPrefix(wordsOfIpv6(numberOfAddress(network)), wordsOfIpv6(address), prefixLength);
}

/** `-m tcp` and its like: the protocol for certain, then the ports. */
function portTests(match: MatchOf<'ports'>, known: Known): readonly Answered[] {
  const { protocol, source, sourceInverted = false, destination, destinationInverted = false } = match;
  const tests = [answered({ operation: PROTOCOL, a: protocol, b: 0, inverted: false }, known.protocol)];
  if (source !== undefined)
    tests.push({ operation: SOURCE_PORT, a: source[0], b: source[1], inverted: sourceInverted });
  if (destination === undefined) return tests;
  const [first, last] = destination;
  const port = known.destinationPort;
  if (port === undefined) tests.push({ operation: DESTINATION_PORT, a: first, b: last, inverted: destinationInverted });
  else tests.push((port >= first && port <= last) !== destinationInverted);
  return tests;
}

function stateTest({ states, inverted }: MatchOf<'conntrack'>): Test {
  if ((states & (STATE_DNAT | STATE_SNAT)) !== 0) return { ask: statesQuestion(states), inverted };
  return { operation: STATE, a: states, b: 0, inverted };
}
