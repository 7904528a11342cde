/**
 * Endpoints between which a chain chooses by chance, as kube-proxy writes them: found in its rules, so that they can be compiled
 * to a table in place of as many pieces of code. A packet then reads few cache lines, however many endpoints a Service has.
 *
 * ```text
 *   -A KUBE-SVC-X -m statistic --mode random --probability 0.5 -j KUBE-SEP-A     CHOOSE  2   0x4000  0x4000
 *   -A KUBE-SVC-X -j KUBE-SEP-B                                                    0x40000000  10.244.0.7  10.244.0.7  8080
 *   -A KUBE-SEP-A -s 10.244.0.7/32 -j KUBE-MARK-MASQ                               ALWAYS      10.244.1.9  10.244.1.9  8080
 *   -A KUBE-SEP-A -p tcp -j DNAT --to-destination 10.244.0.7:8080
 * ```
 */
import { type Chain, numberOfAddress, type Rule, readRules } from '../../dataplane/index.ts';
import { SAME_PORT } from '../nat.ts';
import type { Test } from './assembler.ts';
import { ALWAYS, CHANCE, SOURCE } from './instructions.ts';
import { testsOf } from './iptables-tests.ts';
import type { Known } from './known.ts';

const WHOLE_ADDRESS = -1;

/** What one endpoint's rules come to. */
export interface Endpoint {
  /** its chance once those before it were not chosen, in 2^31sts; ALWAYS where no dice are asked */
  readonly threshold: number;
  /** packets from here are marked; addresses are numbers */
  readonly source: number;
  readonly mark: { readonly mask: number; readonly value: number };
  readonly address: number;
  /** SAME_PORT where the packet's is kept */
  readonly port: number;
}

/** The endpoints that rules from this place on choose between; empty where they do something else, or for one alone. */
export function choiceAt(rules: readonly Rule[], place: number, known: Known): readonly Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (let at = place; at < rules.length; at++) {
    const endpoint = endpointOf(rules[at]!, known);
    if (endpoint === undefined || !hasSameMark(endpoint, endpoints[0])) break;
    endpoints.push(endpoint);
    if (endpoint.threshold === ALWAYS) break;
  }
  return endpoints.length < 2 ? [] : endpoints;
}

function hasSameMark({ mark }: Endpoint, first: Endpoint | undefined): boolean {
  return first === undefined || (mark.mask === first.mark.mask && mark.value === first.mark.value);
}

function endpointOf(rule: Rule, known: Known): Endpoint | undefined {
  if (rule.target.target !== 'jump') return undefined;
  const threshold = thresholdOf(rule, known);
  const destination = threshold === undefined ? undefined : destinationOf(rule.target.chain, known);
  return destination && { threshold: threshold!, ...destination };
}

/** The rule's chance; undefined where it asks anything else. */
function thresholdOf(rule: Rule, known: Known): number | undefined {
  const tests = askedOf(rule, known);
  if (tests === undefined || tests.length > 1) return undefined;
  const [test] = tests;
  if (test === undefined) return ALWAYS;
  return 'operation' in test && test.operation === CHANCE && !test.inverted ? test.a : undefined;
}

/** Of a chain of two rules: mark what comes from one address, and translate. */
function destinationOf(chain: Chain, known: Known): Omit<Endpoint, 'threshold'> | undefined {
  // The rules of a chain with an index are as many as there are Services, and made when they are asked for.
  if (chain.index !== undefined) return undefined;
  const rules = readRules(chain);
  const [marking, translating] = rules;
  if (rules.length !== 2 || translating!.target.target !== 'DNAT') return undefined;
  const source = sourceOf(marking!, known);
  const mark = markOf(marking!, known);
  if (source === undefined || mark === undefined || askedOf(translating!, known)?.length !== 0) return undefined;
  const { address, port = SAME_PORT } = translating!.target;
  return { source, mark, address: numberOfAddress(address), port };
}

function sourceOf(rule: Rule, known: Known): number | undefined {
  const tests = askedOf(rule, known);
  const test = tests?.length === 1 ? tests[0]! : undefined;
  if (test === undefined || !('operation' in test) || test.operation !== SOURCE || test.inverted) return undefined;
  return test.b === WHOLE_ADDRESS ? test.a : undefined;
}

/** What the rule sets, itself or by a chain that does nothing else. */
function markOf({ target }: Rule, known: Known): Endpoint['mark'] | undefined {
  if (target.target === 'MARK') return { mask: target.mask | 0, value: target.value | 0 };
  if (target.target !== 'jump' || target.chain.index !== undefined || target.chain.rules.length !== 1) return undefined;
  const [only] = target.chain.rules;
  return only!.target.target === 'MARK' && askedOf(only!, known)?.length === 0 ? markOf(only!, known) : undefined;
}

/** The tests that are left to be asked; undefined where the rule cannot match. */
function askedOf(rule: Rule, known: Known): readonly Test[] | undefined {
  const answers = testsOf(rule, known);
  if (answers.includes(false)) return undefined;
  return answers.filter((answer): answer is Test => typeof answer !== 'boolean');
}
