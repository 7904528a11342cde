/** Rules and chains in as few words as kube-proxy's source needs for them. */
import type {
  NftChain,
  NftElement,
  NftMember,
  NftRule,
  NftSelector,
  NftSet,
  NftStatement,
  NftVerdict,
} from '../../../src/dataplane/index.ts';

/** The fields that most maps are keyed by: `ip daddr . meta l4proto . th dport`. */
export const DESTINATION: readonly NftSelector[] = ['daddr', 'l4proto', 'dport'];
export const PORT: readonly NftSelector[] = ['l4proto', 'dport'];
export const DROP: NftStatement = { statement: 'verdict', verdict: { verdict: 'drop' } };
export const REJECT: NftStatement = { statement: 'reject' };

export function rule(comment: string | undefined, ...statements: readonly (NftStatement | undefined)[]): NftRule {
  const present = statements.filter((statement) => statement !== undefined);
  return comment === undefined ? { statements: present } : { statements: present, comment };
}

export function goTo(chain: NftChain): NftVerdict {
  return { verdict: 'goto', chain };
}

export function doing(verdict: NftVerdict): NftStatement {
  return { statement: 'verdict', verdict };
}

export function jump(chain: NftChain): NftStatement {
  return doing({ verdict: 'jump', chain });
}

export function matches(selector: NftSelector, value: NftMember, inverted = false): NftStatement {
  return { statement: 'match', selectors: [selector], inverted, against: { operand: 'value', value } };
}

export function matchesAny(
  selector: NftSelector,
  members: readonly NftMember[],
  separator: ' , ' | ',',
  inverted = false,
): NftStatement {
  return { statement: 'match', selectors: [selector], inverted, against: { operand: 'members', members, separator } };
}

export function isIn(selectors: readonly NftSelector[], set: NftSet): NftStatement {
  return { statement: 'match', selectors, inverted: false, against: { operand: 'set', set } };
}

export function verdictBy(selectors: readonly NftSelector[], map: NftSet): NftStatement {
  return { statement: 'vmap', selectors, map };
}

export function fibLocal(side: 'saddr' | 'daddr'): NftStatement {
  return { statement: 'fib', side, type: 'local' };
}

/** A chain whose name and rules are made when first asked for: a packet on its way needs no name. */
export class LazyChain implements NftChain {
  readonly #makeName: () => string;
  readonly #makeRules: () => readonly NftRule[];
  #name: string | undefined;
  #rules: readonly NftRule[] | undefined;

  constructor(makeName: () => string, makeRules: () => readonly NftRule[]) {
    this.#makeName = makeName;
    this.#makeRules = makeRules;
  }

  get name(): string {
    this.#name ??= this.#makeName();
    return this.#name;
  }

  get rules(): readonly NftRule[] {
    this.#rules ??= this.#makeRules();
    return this.#rules;
  }
}

/** `goto service-…`: how kube-proxy tells whether an element is still right. Empty in sets. */
export function verdictOf({ verdict }: NftElement): string {
  if (verdict === undefined) return '';
  return 'chain' in verdict ? `${verdict.verdict} ${verdict.chain.name}` : verdict.verdict;
}
