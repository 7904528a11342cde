/** Tables between reading and linking. */
import type { Family } from '../../model/index.ts';
import type { NftChain, NftSet } from './ruleset.ts';
import type { Token } from './tokens.ts';

/** A table as it was read: rules and elements still words, because they name what may come later. */
export interface RawTable {
  readonly family: Family;
  readonly name: string;
  comment?: string;
  readonly chains: Map<string, RawChain>;
  readonly sets: Map<string, RawSet>;
}

export interface RawChain {
  readonly definition: Omit<NftChain, 'rules'>;
  readonly rules: (readonly Token[])[];
}

export interface RawSet {
  readonly definition: Omit<NftSet, 'elements' | 'find'>;
  readonly elements: (readonly Token[])[];
}
