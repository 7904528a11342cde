/**
 * What kube-proxy has put into sets and maps, and who wants it there: two service ports can want the same element (an endpoint
 * of two Services) or, by mistake, different ones under one key (an external IP of two Services).
 * Source: kubernetes pkg/proxy/nftables/proxier.go (nftElementStorage).
 */
import {
  byNameAndProtocol,
  elementKeyText,
  type FiledPort,
  type NftCommand,
  type NftElement,
  type NftSet,
} from '../../../src/dataplane/index.ts';
import { verdictOf } from './statement.ts';

export type SetIdentity = Pick<NftSet, 'name' | 'type'>;

interface Claim {
  readonly owner: FiledPort;
  readonly element: NftElement;
}

/** One set's elements by their keys' text. */
interface SetLedger {
  readonly set: SetIdentity;
  readonly written: Map<string, NftElement>;
  /** by name of the owner: the last has it */
  readonly claims: Map<string, readonly Claim[]>;
  readonly touched: Set<string>;
}

export class ElementLedger {
  readonly #ledgers = new Map<string, SetLedger>();

  /** Takes an element for written that nobody has claimed yet. */
  found(set: SetIdentity, element: NftElement): void {
    const ledger = this.#ledgerOf(set);
    const key = elementKeyText(element.key, set.type);
    ledger.written.set(key, element);
    ledger.touched.add(key);
  }

  /** The element as it was written: one that is still right keeps the comment of whoever wanted it first. */
  asWritten(set: SetIdentity, element: NftElement): NftElement {
    return this.#ledgers.get(set.name)?.written.get(elementKeyText(element.key, set.type)) ?? element;
  }

  claim(set: SetIdentity, owner: FiledPort, element: NftElement): void {
    this.#change(set, element, (claims) => [...claims, { owner, element }].sort(byOwner));
  }

  release(set: SetIdentity, owner: FiledPort, element: NftElement): void {
    this.#change(set, element, (claims) => claims.filter((claim) => byNameAndProtocol(claim.owner, owner) !== 0));
  }

  /** What it takes to write what is claimed; takes it for written. */
  *changes(): Iterable<NftCommand> {
    for (const { set, written, claims, touched } of this.#ledgers.values()) {
      for (const key of touched) {
        const before = written.get(key);
        const after = claims.get(key)?.at(-1)?.element;
        if (before !== undefined && after !== undefined && verdictOf(before) === verdictOf(after)) continue;
        if (before !== undefined) yield { verb: 'delete', object: 'element', set, element: before };
        if (after !== undefined) yield { verb: 'add', object: 'element', set, element: after };
        if (after === undefined) written.delete(key);
        else written.set(key, after);
      }
      touched.clear();
    }
  }

  #ledgerOf(set: SetIdentity): SetLedger {
    let ledger = this.#ledgers.get(set.name);
    if (ledger === undefined) {
      ledger = { set, written: new Map(), claims: new Map(), touched: new Set() };
      this.#ledgers.set(set.name, ledger);
    }
    return ledger;
  }

  #change(set: SetIdentity, element: NftElement, change: (claims: readonly Claim[]) => readonly Claim[]): void {
    const { claims, touched } = this.#ledgerOf(set);
    const key = elementKeyText(element.key, set.type);
    const changed = change(claims.get(key) ?? []);
    if (changed.length === 0) claims.delete(key);
    else claims.set(key, changed);
    touched.add(key);
  }
}

function byOwner(a: Claim, b: Claim): number {
  return byNameAndProtocol(a.owner, b.owner);
}
