/**
 * nft's chains walked as they are written, rule by rule, statement by statement, until a verdict: what compiled code stands for.
 * Tests hold the code against it; nothing else uses it.
 *
 * A rule goes on from statement to statement as long as they match. `accept` ends a base chain, not the hook: the next base
 * chain still sees the packet; `drop` and `reject` end its way. `goto` does not come back: where the chain it leads to ends,
 * the one before the current goes on. Source: nft(8), net/netfilter/nf_tables_core.c (nft_do_chain).
 */
import {
  type NftChain,
  type NftRule,
  type NftStatement,
  type NftVerdict,
  numberOfAddress,
  type Rule,
  type Ruleset,
} from '../../dataplane/index.ts';
import { formatEndpoint } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { applyDnat, applyMasquerade } from '../nat.ts';
import { HookChains } from '../nftables/hook-chains.ts';
import { datumOf, hasCt, isAgainst, keyOf, rememberedAddress } from '../nftables/matching.ts';
import { ACCEPT, CONTINUE, DROP, hookAt, REJECT, tableAt } from '../stops.ts';
import type { HostRules } from './ruleset-program.ts';

/** A statement that does not match ends its rule. */
const NO_MATCH = 5;
/** `return`, or the end of what `goto` led to */
const END = 6;
/** NFT_JUMP_STACK_SIZE is 16; gotos are not counted there, loops are refused when rules are loaded. */
const DEPTH_MAX = 512;
/** How many addresses a dynamic set holds when nobody said. */
const SET_SIZE = 65_535;

export function linearNft(ruleset: Ruleset): HostRules {
  const { chains, translates } = new HookChains(ruleset.nftables ?? []);
  return {
    translates,
    stops: -1,
    run(flight, stop) {
      flight.tableName = tableAt(stop);
      for (const { chain } of chains[stop]!) {
        flight.recorder?.hook(flight.host, flight.packet(), hookAt(stop), flight.tableName);
        const decision = runBase(flight, chain);
        if (decision !== ACCEPT) return decision;
      }
      return ACCEPT;
    },
  };
}

function runBase(flight: Flight, chain: NftChain): number {
  const decision = runChain(flight, chain, 0);
  if (decision !== CONTINUE) return decision;
  const isDropped = chain.hook!.policy === 'drop';
  const policy = isDropped ? 'DROP' : 'ACCEPT';
  flight.recorder?.policy(flight.host, flight.packet(), flight.tableName, { name: chain.name, policy });
  if (isDropped) flight.blamedChain = chain.name;
  return isDropped ? DROP : ACCEPT;
}

function runChain(flight: Flight, chain: NftChain, depth: number): number {
  if (depth > DEPTH_MAX) throw new Error(`chains jump in a circle: ${chain.name}`);
  for (const rule of chain.rules) {
    const decision = runRule(flight, chain, rule, depth);
    if (decision === END) return CONTINUE;
    if (decision !== CONTINUE && decision !== NO_MATCH) return decision;
  }
  return CONTINUE;
}

function runRule(flight: Flight, chain: NftChain, rule: NftRule, depth: number): number {
  const walked = new RuleWalk(flight, chain, rule, depth);
  for (const statement of rule.statements) {
    const decision = walked.run(statement);
    if (decision !== CONTINUE) return decision;
  }
  return CONTINUE;
}

/** One rule on the way of one packet. */
class RuleWalk {
  readonly #flight: Flight;
  readonly #chain: NftChain;
  readonly #rule: NftRule;
  readonly #depth: number;

  constructor(flight: Flight, chain: NftChain, rule: NftRule, depth: number) {
    this.#flight = flight;
    this.#chain = chain;
    this.#rule = rule;
    this.#depth = depth;
  }

  run(statement: NftStatement): number {
    const flight = this.#flight;
    switch (statement.statement) {
      case 'match':
        return matched(isAgainst(flight, statement.selectors, statement.against), statement.inverted);
      case 'port':
        if (flight.protocol !== statement.protocol) return NO_MATCH;
        return matched(datumOf(flight, statement.side) === statement.port, statement.inverted);
      case 'ct':
        return matched(hasCt(flight, statement.bits), statement.inverted);
      case 'mark':
        return matched((flight.mark & statement.mask) >>> 0 === statement.value, statement.inverted);
      case 'fib':
        return matched(
          flight.host.isLocal(statement.side === 'saddr' ? flight.sourceAddress : flight.destinationAddress),
          false,
        );
      case 'vmap': {
        const verdict = statement.map.find(keyOf(flight, statement.selectors))?.verdict;
        return verdict === undefined ? NO_MATCH : this.#decide(verdict);
      }
      case 'numgen':
        return this.#decide(statement.verdicts[this.#choose(statement.verdicts.length)]!);
      case 'verdict':
        return this.#decide(statement.verdict);
      case 'counter':
        return CONTINUE;
      default:
        return this.#act(statement);
    }
  }

  /** What changes something, or ends the packet's way. */
  #act(statement: ActingStatement): number {
    const flight = this.#flight;
    switch (statement.statement) {
      case 'set mark':
        flight.mark = changedMark(flight.mark, statement.operation, statement.value);
        return this.#note(`mark = ${`0x${(flight.mark >>> 0).toString(16)}`}`, CONTINUE);
      case 'update': {
        const { set, selector } = statement;
        flight.remembered ??= [];
        const address = rememberedAddress(flight, selector);
        flight.remembered.push({ host: flight.host, name: set.name, address, addressesMax: SET_SIZE });
        return this.#note(`remembered in ${set.name}`, CONTINUE);
      }
      case 'dnat':
        return this.#dnat(statement.to);
      case 'dnat by numgen':
        return this.#dnat(statement.to[this.#choose(statement.to.length)]!);
      case 'masquerade': {
        this.#note('source becomes the address of the interface it leaves by', ACCEPT);
        return applyMasquerade(flight, { target: 'MASQUERADE', randomFully: statement.fullyRandom }) ? ACCEPT : DROP;
      }
      case 'reject': {
        const refusal = flight.family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
        this.#blame({ target: 'REJECT', with: refusal });
        return this.#note(`refused with ${refusal}`, REJECT);
      }
      default:
        return statement satisfies never;
    }
  }

  #dnat(to: { readonly address: Flight['sourceAddress']; readonly port: number }): number {
    this.#note(`destination becomes ${formatEndpoint(to.address, to.port)}`, ACCEPT);
    applyDnat(this.#flight, numberOfAddress(to.address), to.port);
    return ACCEPT;
  }

  /** One of `count`, each with the same chance. */
  #choose(count: number): number {
    const { chance } = this.#flight;
    for (let i = 0; i < count - 1; i++) if (chance.happens(Math.round(2 ** 31 / (count - i)))) return i;
    return count - 1;
  }

  #decide(verdict: NftVerdict): number {
    switch (verdict.verdict) {
      case 'accept':
        return this.#note('accepted', ACCEPT);
      case 'drop':
        this.#blame({ target: 'DROP' });
        return this.#note('dropped', DROP);
      case 'return':
        return this.#note('back to the chain before', END);
      case 'continue':
        return CONTINUE;
      case 'jump':
      case 'goto': {
        this.#note(`on to ${verdict.chain.name}`, CONTINUE);
        const decision = runChain(this.#flight, verdict.chain, this.#depth + 1);
        return decision === CONTINUE && verdict.verdict === 'goto' ? END : decision;
      }
      default:
        return verdict satisfies never;
    }
  }

  #blame(target: Rule['target']): void {
    const { comment } = this.#rule;
    const matches = comment === undefined ? [] : [{ match: 'comment', text: comment } as const];
    this.#flight.blamed = { matches, target };
    this.#flight.blamedChain = this.#chain.name;
  }

  #note(effect: string, decision: number): number {
    this.#flight.recorder?.rule(this.#flight, { chain: this.#chain, rule: this.#rule, effect });
    return decision;
  }
}

type ActingStatement = Extract<
  NftStatement,
  { statement: 'set mark' | 'update' | 'dnat' | 'dnat by numgen' | 'masquerade' | 'reject' }
>;

function matched(holds: boolean, inverted: boolean): number {
  return holds === inverted ? NO_MATCH : CONTINUE;
}

function changedMark(mark: number, operation: 'or' | 'xor' | 'and' | 'set', value: number): number {
  switch (operation) {
    case 'or':
      return mark | value;
    case 'xor':
      return mark ^ value;
    case 'and':
      return mark & value;
    case 'set':
      return value;
    default:
      return operation satisfies never;
  }
}
