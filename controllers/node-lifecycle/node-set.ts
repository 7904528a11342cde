/** Names of nodes, kept up to date: every change of a pod asks whether its node is one of few, and nearly always there are none. */
import type { KubernetesObject, Node } from '../../src/model/index.ts';
import type { ProjectionDeclaration } from '../../src/reconcile/index.ts';

/** The nodes that something holds for. */
export function nodesThat(name: string, holds: (node: Node) => boolean): ProjectionDeclaration<Set<string>> {
  const isOne = (object: KubernetesObject | undefined) => object?.kind === 'Node' && holds(object);
  return {
    name,
    kinds: ['Node'],
    create: () => new Set(),
    apply: (names, before, after) => {
      if (isOne(after)) names.add(after!.metadata.name);
      else if (isOne(before)) names.delete(before!.metadata.name);
    },
  };
}
