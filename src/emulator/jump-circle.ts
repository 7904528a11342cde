/** Chains that jump in a circle: the kernel refuses to load them (xt: "Too many levels", nft: "Too many links"). */
import type { NftStatement, NftTable, NftVerdict, Ruleset, Table } from '../dataplane/index.ts';
import type { TableName } from '../model/index.ts';

type Jumps = ReadonlyMap<string, readonly string[]>;

const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter'];

/** The name of a chain from which jumps lead back to it; undefined where there is none. */
export function circularChain(rules: Ruleset): string | undefined {
  const tables = TABLES.map((name) => rules.table(name)).filter((table) => table !== undefined);
  const jumps = [...tables.map(jumpsOf), ...(rules.nftables ?? []).map(nftJumpsOf)];
  return jumps.map(circleIn).find((name) => name !== undefined);
}

function jumpsOf(table: Table): Jumps {
  return new Map(
    table
      .chains()
      .map(({ name, rules }) => [
        name,
        rules.flatMap(({ target }) => (target.target === 'jump' ? [target.chain.name] : [])),
      ]),
  );
}

function nftJumpsOf(table: NftTable): Jumps {
  return new Map(
    table
      .chains()
      .map(({ name, rules }) => [
        name,
        rules
          .flatMap(({ statements }) => statements.flatMap(verdictsOf))
          .flatMap((verdict) => ('chain' in verdict ? [verdict.chain.name] : [])),
      ]),
  );
}

function verdictsOf(statement: NftStatement): readonly NftVerdict[] {
  switch (statement.statement) {
    case 'verdict':
      return [statement.verdict];
    case 'numgen':
      return statement.verdicts;
    case 'vmap':
      return statement.map.elements.flatMap(({ verdict }) => (verdict === undefined ? [] : [verdict]));
    default:
      return [];
  }
}

/** Goes down from each chain once: a chain met again on its own way down closes a circle. */
function circleIn(jumps: Jumps): string | undefined {
  const done = new Set<string>();
  const above = new Set<string>();
  const descend = (name: string): string | undefined => {
    if (above.has(name)) return name;
    if (done.has(name)) return undefined;
    done.add(name);
    above.add(name);
    for (const next of jumps.get(name) ?? []) {
      const found = descend(next);
      if (found !== undefined) return found;
    }
    above.delete(name);
    return undefined;
  };
  for (const name of jumps.keys()) {
    const found = descend(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
