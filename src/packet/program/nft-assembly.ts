/**
 * Compiles nft's chains. A rule goes on from statement to statement as long as they match; `goto` does not come back: where the
 * chain it leads to ends, the one before the current goes on. Source: nft(8), net/netfilter/nf_tables_core.c (nft_do_chain).
 */
import {
  type NftChain,
  type NftDestination,
  type NftRule,
  type NftStatement,
  type NftVerdict,
  numberOfAddress,
  type Rule,
} from '../../dataplane/index.ts';
import { formatEndpoint } from '../../model/index.ts';
import type { Flight } from '../flight.ts';
import { applyMasquerade } from '../nat.ts';
import { rememberedAddress } from '../nftables/matching.ts';
import type { RuleNote } from '../recorder.ts';
import { ACCEPT, CONTINUE, DROP, REJECT } from '../stops.ts';
import type { Assembler, Label } from './assembler.ts';
import type { Code, Routine } from './code.ts';
import { chanceTest } from './header-tests.ts';
import { ALWAYS, CHOOSE, DNAT, END, LEAVE, MARK } from './instructions.ts';
import { type Known, NOTHING_KNOWN } from './known.ts';
import { elementDispatch, isByDestination } from './nft-sets.ts';
import { type Asking, testsOfStatement } from './nft-tests.ts';

type StatementOf<S extends NftStatement['statement']> = Extract<NftStatement, { statement: S }>;
type Following = Extract<NftVerdict, { readonly chain: NftChain }>;
type Ending = Exclude<NftVerdict, Following>;
type Acting = Exclude<NftStatement, Asking | StatementOf<'vmap' | 'counter'>>;

/** A rule that is being compiled. */
interface Place {
  readonly chain: NftChain;
  readonly rule: NftRule;
  /** where a statement that does not match goes */
  readonly next: Label;
  /** where the chain ends */
  readonly end: Label;
}

/** Chains that are led to are put in place down to here, and while the code is no longer than this. */
const INLINE_DEPTH_MAX = 6;
const INLINE_WORDS_MAX = 4096;

/** How many addresses a dynamic set holds when nobody said. */
const SET_SIZE = 65_535;

/** The routine of a chain, where nothing is known of the packet. */
export function nftChainRoutine(code: Code, chain: NftChain): Routine {
  const name = () => chain.name;
  return code.routine(chain, NOTHING_KNOWN, name, (assembler, known) => {
    const end = assembler.label();
    new NftAssembly(assembler, known, 0).chain(chain, end);
    assembler.place(end);
    assembler.write(END);
  });
}

/**
 * The routine of what a map's element leads to: the same for all rules and nodes that ask the map, so that a walk which is recorded
 * keeps at hand who asked. Where the chain does not come back, the one that asked is left.
 */
function followRoutine(code: Code, element: object, verdict: Following, known: Known): Routine {
  const name = () => verdict.chain.name;
  return code.routine(element, known, name, (assembler, isKnown) => {
    const leave = assembler.label();
    if (code.noted) assembler.act((flight) => note(flight, { ...flight.asking!, effect: effectOf(verdict) }));
    new NftAssembly(assembler, isKnown, 0).follow(verdict, leave);
    assembler.write(END);
    assembler.place(leave);
    assembler.write(LEAVE);
  });
}

/** The routine of an element that leads to no chain. */
function endRoutine(code: Code, verdict: Ending, { chain, rule }: Place): Routine {
  return code.routine(
    {},
    NOTHING_KNOWN,
    () => chain.name,
    (assembler) => {
      const leave = assembler.label();
      const next = assembler.label();
      new NftAssembly(assembler, NOTHING_KNOWN, 0).verdict(verdict, { chain, rule, next, end: leave });
      assembler.place(next);
      assembler.write(END);
      assembler.place(leave);
      assembler.write(LEAVE);
    },
  );
}

function note(flight: Flight, asked: RuleNote): number {
  flight.recorder!.rule(flight, asked);
  return CONTINUE;
}

/** What asks first and only asks may do so in any order: for what is in a large set, memory is searched. */
function largeSetsLast(statements: readonly NftStatement[]): readonly NftStatement[] {
  const acting = statements.findIndex((statement) => statement.statement !== 'match');
  const asking = acting < 0 ? statements : statements.slice(0, acting);
  const [small, large] = [false, true].map((isLarge) => asking.filter((each) => asksLargeSet(each) === isLarge));
  return [...small!, ...large!, ...statements.slice(asking.length)];
}

function asksLargeSet(statement: NftStatement): boolean {
  if (statement.statement !== 'match' || statement.against.operand !== 'set') return false;
  return statement.against.set.idle !== undefined && isByDestination(statement.selectors);
}

/** Stands for an element of a set that is only asked whether it is there. */
const IS_THERE = {};
const NOTHING = { verdict: 'continue' } as const;

class NftAssembly {
  readonly #assembler: Assembler;
  readonly #known: Known;
  readonly #depth: number;

  constructor(assembler: Assembler, known: Known, depth: number) {
    this.#assembler = assembler;
    this.#known = known;
    this.#depth = depth;
  }

  chain(chain: NftChain, end: Label): void {
    for (const rule of chain.rules) {
      const next = this.#assembler.label();
      this.#rule({ chain, rule, next, end });
      this.#assembler.place(next);
    }
  }

  #rule(place: Place): void {
    for (const statement of largeSetsLast(place.rule.statements)) if (!this.#statement(statement, place)) return;
  }

  /** False where no packet gets beyond it. */
  #statement(statement: NftStatement, place: Place): boolean {
    switch (statement.statement) {
      case 'counter':
        return true;
      case 'match':
        if (this.#membership(statement, place)) return true;
        return this.#assembler.tests(testsOfStatement(statement, this.#known), place.next);
      case 'port':
      case 'ct':
      case 'mark':
      case 'fib':
        return this.#assembler.tests(testsOfStatement(statement, this.#known), place.next);
      case 'vmap':
        this.#map(statement, place);
        return true;
      default:
        this.#act(statement, place);
        return true;
    }
  }

  /** A large set that is asked for the destination: like a map that leads nowhere. False for what is asked otherwise. */
  #membership(statement: StatementOf<'match'>, place: Place): boolean {
    const { selectors, inverted, against } = statement;
    if (against.operand !== 'set' || !asksLargeSet(statement)) return false;
    const { code } = this.#assembler;
    const isThere = code.routine(
      IS_THERE,
      NOTHING_KNOWN,
      () => 'a set',
      (assembler) => assembler.write(END),
    );
    const dispatch = elementDispatch(code, against.set, against.set, selectors, () => isThere);
    const otherwise = inverted ? this.#assembler.label() : place.next;
    this.#assembler.dispatch(dispatch, otherwise, otherwise);
    if (!inverted) return true;
    this.#assembler.skip(place.next);
    this.#assembler.place(otherwise);
    return true;
  }

  #map(statement: StatementOf<'vmap'>, place: Place): void {
    const { chain, rule, next, end } = place;
    const assembler = this.#assembler;
    const { code } = assembler;
    if (code.noted)
      assembler.act((flight) => {
        flight.asking = { chain, rule };
        return CONTINUE;
      });
    const dispatch = elementDispatch(code, statement, statement.map, statement.selectors, ({ key, verdict }, known) =>
      verdict !== undefined && 'chain' in verdict
        ? followRoutine(code, key, verdict, known)
        : endRoutine(code, verdict ?? NOTHING, place),
    );
    assembler.dispatch(dispatch, next, end);
  }

  /** What changes something, or ends the packet's way. */
  #act(statement: Acting, place: Place): void {
    const assembler = this.#assembler;
    switch (statement.statement) {
      case 'verdict':
        this.verdict(statement.verdict, place);
        break;
      case 'numgen':
        this.#choose(statement.verdicts, (verdict) => this.verdict(verdict, place));
        break;
      case 'set mark':
        assembler.write(MARK, ...markOperands(statement));
        this.#note(place, ({ mark }) => `mark = 0x${(mark >>> 0).toString(16)}`);
        break;
      case 'update':
        this.#update(statement, place);
        break;
      case 'dnat':
        this.#dnat(statement.to, place);
        break;
      case 'dnat by numgen':
        this.#dnatToAny(statement.to, place);
        break;
      case 'masquerade': {
        const target = { target: 'MASQUERADE', randomFully: statement.fullyRandom } as const;
        this.#note(place, 'source becomes the address of the interface it leaves by');
        assembler.act((flight) => (applyMasquerade(flight, target) ? ACCEPT : DROP));
        break;
      }
      case 'reject':
        this.#reject(place);
        break;
      default:
        statement satisfies never;
    }
  }

  verdict(verdict: NftVerdict, place: Place): void {
    const assembler = this.#assembler;
    const { chain, rule, end } = place;
    if (verdict.verdict !== 'continue') this.#note(place, effectOf(verdict));
    switch (verdict.verdict) {
      case 'continue':
        break;
      case 'accept':
        assembler.accept();
        break;
      case 'drop':
        assembler.stop({ decision: DROP, rule: blamed(rule, { target: 'DROP' }), chain });
        break;
      case 'return':
        assembler.skip(end);
        break;
      case 'jump':
      case 'goto':
        this.follow(verdict, end);
        break;
      default:
        verdict satisfies never;
    }
  }

  /** `end`: where what is led to by `goto` comes back to */
  follow(verdict: Following, end: Label): void {
    this.#inline(verdict.chain);
    if (verdict.verdict === 'goto') this.#assembler.skip(end);
  }

  #inline(chain: NftChain): void {
    const assembler = this.#assembler;
    if (this.#depth >= INLINE_DEPTH_MAX || assembler.length >= INLINE_WORDS_MAX) {
      assembler.call(nftChainRoutine(assembler.code, chain));
      return;
    }
    const end = assembler.label();
    new NftAssembly(assembler, this.#known, this.#depth + 1).chain(chain, end);
    assembler.place(end);
  }

  /** One of several, each with the same chance: the first in n, else the second in n - 1, and so on. */
  #choose<T>(from: readonly T[], assemble: (chosen: T) => void): void {
    from.forEach((each, i) => {
      const next = this.#assembler.label();
      const left = from.length - i;
      if (left > 1) this.#assembler.test(chanceTest(chanceAmong(left)), next);
      assemble(each);
      this.#assembler.place(next);
    });
  }

  #dnat({ address, port }: StatementOf<'dnat'>['to'], place: Place): void {
    this.#note(place, `destination becomes ${formatEndpoint(address, port)}`);
    this.#assembler.write(DNAT, numberOfAddress(address), port);
  }

  #dnatToAny(to: readonly NftDestination[], place: Place): void {
    // Where a walk is recorded, what was chosen is named: each has code of its own.
    if (this.#assembler.code.noted) this.#choose(to, (each) => this.#dnat(each, place));
    else this.#assembler.write(CHOOSE, to.length, 0, 0, ...to.flatMap(endpointWords));
  }

  #update({ set, selector }: StatementOf<'update'>, place: Place): void {
    this.#assembler.act((flight) => {
      const address = rememberedAddress(flight, selector);
      (flight.remembered ??= []).push({ host: flight.host, name: set.name, address, addressesMax: SET_SIZE });
      return CONTINUE;
    });
    this.#note(place, `remembered in ${set.name}`);
  }

  #reject({ chain, rule }: Place): void {
    this.#assembler.act((flight) => {
      const refusal = flight.family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
      flight.blamed = blamed(rule, { target: 'REJECT', with: refusal });
      flight.blamedChain = chain.name;
      if (flight.recorder !== undefined) note(flight, { chain, rule, effect: `refused with ${refusal}` });
      return REJECT;
    });
  }

  #note({ chain, rule }: Place, effect: string | ((flight: Flight) => string)): void {
    this.#assembler.note({ chain, rule, effect });
  }
}

/** The chance of the first of so many, in 2^31sts. */
function chanceAmong(count: number): number {
  return Math.round(2 ** 31 / count);
}

/** See CHOOSE; no packet is marked. */
function endpointWords(
  { address, port }: NftDestination,
  i: number,
  all: readonly NftDestination[],
): readonly number[] {
  const left = all.length - i;
  return [left > 1 ? chanceAmong(left) : ALWAYS, 0, numberOfAddress(address), port];
}

function effectOf(verdict: NftVerdict): string {
  switch (verdict.verdict) {
    case 'accept':
      return 'accepted';
    case 'drop':
      return 'dropped';
    case 'return':
      return 'back to the chain before';
    case 'continue':
      return 'nothing';
    case 'jump':
    case 'goto':
      return `on to ${verdict.chain.name}`;
    default:
      return verdict satisfies never;
  }
}

/** What stands for the rule in a verdict's reason: its comment says why. */
function blamed({ comment }: NftRule, target: Rule['target']): Rule {
  return { matches: comment === undefined ? [] : [{ match: 'comment', text: comment }], target };
}

/** mark = (mark & ~mask) ^ value, as MARK does it */
function markOperands({ operation, value }: StatementOf<'set mark'>): readonly [number, number] {
  switch (operation) {
    case 'or':
      return [value | 0, value | 0];
    case 'xor':
      return [0, value | 0];
    case 'and':
      return [~value, 0];
    case 'set':
      return [-1, value | 0];
    default:
      return operation satisfies never;
  }
}
