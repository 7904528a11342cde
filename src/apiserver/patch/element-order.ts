/**
 * The order of a list after a strategic merge: the patch's elements in the patch's order, and those that only the server
 * knows where they stood, as far as both sides tell.
 * Source: k8s.io/apimachinery/pkg/util/strategicpatch/patch.go `mergeSortedSlice`.
 */

/** An element as `order` lists know it: its merge key's value, or the scalar itself. */
export type Identity = (element: unknown) => unknown;

export function orderElements(
  elements: readonly unknown[],
  order: readonly unknown[],
  server: readonly unknown[],
  identity: Identity,
): unknown[] {
  const inOrder = new Map(order.map((element, i) => [identity(element), i]));
  const onServer = new Map(server.map((element, i) => [identity(element), i]));
  const named = elements.filter((element) => inOrder.has(identity(element)));
  named.sort((a, b) => inOrder.get(identity(a))! - inOrder.get(identity(b))!);
  const others = elements.filter((element) => !inOrder.has(identity(element)));
  others.sort((a, b) => (onServer.get(identity(a)) ?? 0) - (onServer.get(identity(b)) ?? 0));
  return interleave(named, others, (element) => onServer.get(identity(element)));
}

function interleave(
  left: readonly unknown[],
  right: readonly unknown[],
  place: (element: unknown) => number | undefined,
): unknown[] {
  const merged: unknown[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const [a, b] = [place(left[l]), place(right[r])];
    const rightFirst = a !== undefined && b !== undefined && b < a;
    merged.push(rightFirst ? right[r++] : left[l++]);
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}
