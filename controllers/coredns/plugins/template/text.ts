/**
 * The texts that records are made of: Go templates, as far as they put in what a query and its match say.
 *
 * Source: CoreDNS plugin/template/README.md (the data), Go's text/template (the notation).
 */

/** What a text can say of a query. */
export interface TemplateData {
  readonly zone: string;
  readonly name: string;
  readonly regex: string;
  readonly class: string;
  readonly type: string;
  readonly remote: string;
  readonly match: RegExpExecArray;
  readonly meta: (label: string) => string;
}

type Value = (data: TemplateData) => string;

/** A text, read. */
export interface TemplateText {
  /** as Go prints what it has read */
  readonly source: string;
  /** What it says of a query. Throws a `TemplateTextError` where the match has not what it asks for. */
  readonly fill: Value;
}

/** Why a text is refused, or makes no record of a query. */
export class TemplateTextError extends Error {
  override readonly name = 'TemplateTextError';
}

const FIELDS: Readonly<Record<string, Value>> = {
  '.Zone': ({ zone }) => zone,
  '.Name': ({ name }) => name,
  '.Question.Name': ({ name }) => name,
  '.Regex': ({ regex }) => regex,
  '.Class': ({ class: asked }) => asked,
  '.Type': ({ type }) => type,
  '.Remote': ({ remote }) => remote,
};

function groupNamed(name: string): Value {
  return ({ match }) => (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
}

/** A number that the match does not have is an error in Go, and the query fails. */
function matchAt(index: number): Value {
  return ({ match }) => {
    if (index >= match.length) throw new TemplateTextError(`index out of range: ${index}`);
    return match[index] ?? '';
  };
}

function actionOf(action: string): Value {
  const field = Object.hasOwn(FIELDS, action) ? FIELDS[action] : undefined;
  if (field !== undefined) return field;
  const [, index] = /^index\s+\.Match\s+(\d+)$/.exec(action) ?? [];
  if (index !== undefined) return matchAt(Number(index));
  const [, member, quoted] = /^(?:\.Group\.(\w+)|index\s+\.Group\s+"([^"]*)")$/.exec(action) ?? [];
  if (member !== undefined || quoted !== undefined) return groupNamed(member ?? quoted!);
  const [, label] = /^\.Meta\s+"([^"]*)"$/.exec(action) ?? [];
  if (label !== undefined) return ({ meta }) => meta(label);
  throw new TemplateTextError(`{{ ${action} }} is not emulated yet`);
}

/** Reads text with `{{ .Name }}`, `{{ index .Match 1 }}`, `{{ .Group.service }}` and the like. Throws a `TemplateTextError`. */
export function readTemplateText(text: string): TemplateText {
  const parts: Value[] = [];
  let source = '';
  let end = 0;
  for (const found of text.matchAll(/(\s*)\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}(\s*)/g)) {
    const [whole, before = '', trimBefore, action = '', trimAfter, after = ''] = found;
    const literal = text.slice(end, found.index) + (trimBefore === undefined ? before : '');
    const value = actionOf(action);
    const rest = trimAfter === undefined ? after : '';
    parts.push((data) => literal + value(data) + rest);
    source += `${literal}{{${action.replace(/\s+/g, ' ')}}}${rest}`;
    end = found.index + whole.length;
  }
  const last = text.slice(end);
  if (last.includes('{{')) throw new TemplateTextError(`unclosed action in ${text}`);
  return { source: source + last, fill: (data) => parts.map((part) => part(data)).join('') + last };
}
