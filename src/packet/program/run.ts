/** Runs compiled chains over a packet. The way of every packet: no allocation, and few cache lines. */
import type { Flight } from '../flight.ts';
import { applyDnat } from '../nat.ts';
import type { RuleNote } from '../recorder.ts';
import { ACCEPT, CONTINUE } from '../stops.ts';
import type { Act, Blame, Code, Question, Routine } from './code.ts';
import type { Dispatch } from './dispatch.ts';
import {
  ACCEPTED,
  ACT,
  ALWAYS,
  ASK,
  CALL,
  CHANCE,
  CHOOSE,
  DESTINATION,
  DESTINATION_PORT,
  DISPATCH,
  DNAT,
  END,
  ENDPOINT_WORDS,
  FIRST_ACTION,
  INVERTED,
  LEAVE,
  LEFT,
  MARK,
  MARKED,
  MISS,
  MISSED,
  NOTE,
  PROTOCOL,
  SKIP,
  SOURCE,
  SOURCE_PORT,
  STATE,
  STOP,
  TEST_WORDS,
} from './instructions.ts';

/** The kernel refuses rulesets with loops; a chain of jumps deeper than this is one. */
const JUMP_DEPTH_MAX = 512;

/** Runs the code at `place`. Returns a decision; CONTINUE at the chain's end. */
export function run(flight: Flight, code: Code, place: number, depth: number): number {
  const { words, things } = code;
  // `| 0` says that places are integers: the engine keeps them in a register.
  for (let at = place | 0; ; at |= 0) {
    const operation = words[at]!;
    if ((operation & ~INVERTED) < FIRST_ACTION) {
      const isPassed =
        holds(flight, code, operation & ~INVERTED, words[at + 2]!, words[at + 3]!) === operation < INVERTED;
      at += isPassed ? TEST_WORDS : words[at + 1]!;
      continue;
    }
    switch (operation) {
      case SKIP:
        at += words[at + 1]!;
        break;
      case MARK:
        flight.mark = (flight.mark & ~words[at + 1]!) ^ words[at + 2]!;
        at += 3;
        break;
      case NOTE:
        flight.recorder!.rule(flight, things[words[at + 1]!] as RuleNote);
        at += 2;
        break;
      case DNAT:
        applyDnat(flight, words[at + 1]!, words[at + 2]!);
        return ACCEPT;
      case CHOOSE:
        if (choose(flight, words, at)) return ACCEPT;
        at += 4 + words[at + 1]! * ENDPOINT_WORDS;
        break;
      case ACCEPTED:
        return ACCEPT;
      case STOP:
        return stop(flight, things[words[at + 1]!] as Blame);
      case END:
        return CONTINUE;
      case LEAVE:
        return LEFT;
      case MISS:
        return MISSED;
      case ACT: {
        const decision = (things[words[at + 1]!] as Act)(flight);
        if (decision !== CONTINUE) return decision;
        at += 2;
        break;
      }
      case CALL: {
        const decision = call(flight, code, things[words[at + 1]!] as Routine, depth);
        if (decision !== CONTINUE) return decision;
        at += 2;
        break;
      }
      case DISPATCH: {
        const found = (things[words[at + 1]!] as Dispatch).find(flight);
        const decision = found < 0 ? MISSED : run(flight, code, found, depth + 1);
        if (decision === MISSED) at += words[at + 2]!;
        else if (decision === CONTINUE) at += 4;
        else if (decision === LEFT) at += words[at + 3]!;
        else return decision;
        break;
      }
      default:
        throw new Error(`unknown operation ${operation}`);
    }
  }
}

/** Translates the packet to the endpoint that the dice choose. False where they choose none. */
function choose(flight: Flight, words: Int32Array, at: number): boolean {
  const { chance } = flight;
  const end = at + 4 + words[at + 1]! * ENDPOINT_WORDS;
  for (let endpoint = at + 4; endpoint < end; endpoint += ENDPOINT_WORDS) {
    const threshold = words[endpoint]!;
    if (threshold !== ALWAYS && !chance.happens(threshold >>> 0)) continue;
    if (flight.source === words[endpoint + 1]) flight.mark = (flight.mark & ~words[at + 2]!) ^ words[at + 3]!;
    applyDnat(flight, words[endpoint + 2]!, words[endpoint + 3]!);
    return true;
  }
  return false;
}

function holds(flight: Flight, code: Code, test: number, a: number, b: number): boolean {
  switch (test) {
    case PROTOCOL:
      return flight.protocol === a;
    case SOURCE:
      return (flight.source & b) === a;
    case DESTINATION:
      return (flight.destination & b) === a;
    case SOURCE_PORT:
      return flight.sourcePort >= a && flight.sourcePort <= b;
    case DESTINATION_PORT:
      return flight.destinationPort >= a && flight.destinationPort <= b;
    case STATE:
      return (flight.state & a) !== 0;
    case MARKED:
      return (flight.mark & b) === a;
    case CHANCE:
      return flight.chance.happens(a >>> 0);
    case ASK:
      return (code.things[a] as Question)(flight);
    default:
      throw new Error(`unknown test ${test}`);
  }
}

function call(flight: Flight, code: Code, routine: Routine, depth: number): number {
  if (depth > JUMP_DEPTH_MAX) throw new Error(`chains jump in a circle: ${routine.name()}`);
  return run(flight, code, routine.place, depth + 1);
}

function stop(flight: Flight, { decision, rule, chain }: Blame): number {
  flight.blamed = rule;
  flight.blamedChain = chain.name;
  return decision;
}
