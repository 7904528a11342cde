/**
 * What a full sync writes before it comes to Services.
 * Source: kubernetes pkg/proxy/nftables/proxier.go (setupNFTables).
 */
import type { NftCommand, NftSet } from '../../../src/dataplane/index.ts';
import type { KubeProxyNftTable } from './table.ts';

/**
 * The table, its static chains and its sets. Elements of sets that service ports share are left alone; node addresses are
 * written anew. `isFirst`: the first sync of a kube-proxy makes base chains anew, for an older one's may hang elsewhere.
 */
export function* tableSetup(table: KubeProxyNftTable, isFirst: boolean): Iterable<NftCommand> {
  yield { verb: 'add', object: 'table', ...(table.comment === undefined ? {} : { comment: table.comment }) };
  for (const chain of table.staticChains) {
    if (isFirst && chain.hook !== undefined) {
      yield { verb: 'add', object: 'chain', chain, bare: true };
      yield { verb: 'delete', object: 'chain', chain };
    }
    yield { verb: 'add', object: 'chain', chain };
    yield { verb: 'flush', object: 'chain', chain };
  }
  for (const set of table.staticSets) yield { verb: 'add', object: 'set', set };
  yield* nodePortIPs(table);
  for (const chain of table.staticChains)
    for (const rule of chain.rules) yield { verb: 'add', object: 'rule', chain: chain.name, rule };
}

/** Where node ports answer on all addresses there is no set of them: added first, as what is not there cannot be deleted. */
function* nodePortIPs({ staticSets, unusedSet }: KubeProxyNftTable): Iterable<NftCommand> {
  if (unusedSet !== undefined) {
    yield { verb: 'add', object: 'set', set: unusedSet };
    yield { verb: 'delete', object: 'set', set: unusedSet };
    return;
  }
  const set: NftSet | undefined = staticSets.find(({ name }) => name === 'nodeport-ips');
  if (set === undefined) return;
  yield { verb: 'flush', object: 'set', set };
  for (const element of set.elements) yield { verb: 'add', object: 'element', set, element };
}
