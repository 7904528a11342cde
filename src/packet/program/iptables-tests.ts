/** The matches of an iptables rule as tests, in the order in which the kernel asks them. */
import { type Match, type Rule, STATE_DNAT, STATE_SNAT } from '../../dataplane/index.ts';
import { questionOf } from '../ipvs/questions.ts';
import type { Answered, Test } from './assembler.ts';
import { answered, chanceTest, cidrTest, portTest } from './header-tests.ts';
import { DESTINATION_PORT, MARKED, PROTOCOL, SOURCE_PORT, STATE } from './instructions.ts';
import { addressTypeQuestion, interfaceQuestion, recentQuestion, statesQuestion } from './iptables-questions.ts';
import type { Known } from './known.ts';

type MatchOf<M extends Match['match']> = Extract<Match, { match: M }>;

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
    case 'destination':
      return [cidrTest(match.cidr, match.match, match.inverted, known)];
    case 'protocol':
      return [answered({ operation: PROTOCOL, a: match.protocol, b: 0, inverted: match.inverted }, known.protocol)];
    case 'ports':
      return portTests(match, known);
    case 'conntrack':
      return [stateTest(match)];
    case 'mark':
      return [{ operation: MARKED, a: match.value | 0, b: match.mask | 0, inverted: match.inverted }];
    case 'statistic':
      return [chanceTest(Math.round(match.probability * 2 ** 31))];
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

/** `-m tcp` and its like: the protocol for certain, then the ports. */
function portTests(match: MatchOf<'ports'>, known: Known): readonly Answered[] {
  const { protocol, source, sourceInverted = false, destination, destinationInverted = false } = match;
  const tests = [answered({ operation: PROTOCOL, a: protocol, b: 0, inverted: false }, known.protocol)];
  if (source !== undefined) tests.push(portTest(SOURCE_PORT, source, sourceInverted, known));
  if (destination !== undefined) tests.push(portTest(DESTINATION_PORT, destination, destinationInverted, known));
  return tests;
}

function stateTest({ states, inverted }: MatchOf<'conntrack'>): Test {
  if ((states & (STATE_DNAT | STATE_SNAT)) !== 0) return { ask: statesQuestion(states), inverted };
  return { operation: STATE, a: states, b: 0, inverted };
}
