/** How a script names an object: `pod/my-app`, `pod/kube-system/coredns-abc`, `node/node1`, as kubectl does. */
import { type Key, KIND_INFO, KINDS, type Kind, kindNamed } from '../model/index.ts';
import { suggestion } from './spelling.ts';

export interface Reference {
  readonly kind: Kind;
  readonly key: Key;
}

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** What the text names, or one sentence on why it names nothing. */
export function parseReference(text: string): Reference | string {
  const [kindText = '', ...names] = text.split('/');
  const kind = kindNamed(kindText);
  if (names.length === 0) return `${JSON.stringify(text)} is not kind/name, such as pod/my-app`;
  if (kind === undefined)
    return `no kind is named ${JSON.stringify(kindText)}${suggestion(
      kindText,
      KINDS.map((known) => known.toLowerCase()),
    )}`;
  const { namespaced } = KIND_INFO[kind];
  const name = names.at(-1)!;
  if (!NAME.test(name) || names.length > (namespaced ? 2 : 1) || !NAME.test(names[0]!))
    return `${JSON.stringify(text)} is not ${kindText}/${namespaced ? '[namespace/]' : ''}name`;
  if (!namespaced) return { kind, key: name };
  return { kind, key: names.length === 2 ? `${names[0]}/${name}` : `default/${name}` };
}

/** As `parseReference`, for text that was checked before. */
export function referenceOf(text: string): Reference {
  const reference = parseReference(text);
  if (typeof reference === 'string') throw new Error(reference);
  return reference;
}

/** `pod/default/my-app`, `node/node1`: one spelling for each object, as traces name hosts. */
export function formatReference({ kind, key }: Reference): string {
  return `${kind.toLowerCase()}/${key}`;
}
