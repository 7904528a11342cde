/** Label selectors as text: `app=nginx,environment in (production, qa),!old`. Source: apimachinery pkg/labels/selector.go. */
import type { LabelSelector, LabelSelectorRequirement } from '../../../../src/model/index.ts';

const KEY = `(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`;
const VALUE = `(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?`;
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EXISTENCE = new RegExp(`^(!?)\\s*(${KEY})$`);
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);

/** The requirements' texts: commas separate, except inside of parentheses. Undefined where parentheses do not match. */
function requirementTexts(text: string): readonly string[] | undefined {
  const texts: string[] = [];
  let start = 0;
  let open = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '(' || character === ')') {
      if (open === (character === '(')) return undefined;
      open = !open;
    } else if (character === ',' && !open) {
      texts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return open ? undefined : [...texts, text.slice(start).trim()];
}

function requirementOf(text: string): LabelSelectorRequirement | undefined {
  const equality = EQUALITY.exec(text);
  if (equality !== null) {
    return { key: equality[1]!, operator: equality[2] === '!=' ? 'NotIn' : 'In', values: [equality[3]!] };
  }
  const set = SET.exec(text);
  if (set !== null) {
    const values = set[3]!.split(',').map((value) => value.trim());
    if (!values.every((value) => WHOLE_VALUE.test(value))) return undefined;
    return { key: set[1]!, operator: set[2] === 'in' ? 'In' : 'NotIn', values: values.sort() };
  }
  const existence = EXISTENCE.exec(text);
  if (existence === null) return undefined;
  return { key: existence[2]!, operator: existence[1] === '!' ? 'DoesNotExist' : 'Exists' };
}

export function parseLabelSelector(text: string): LabelSelector | undefined {
  const texts = requirementTexts(text);
  if (texts === undefined) return undefined;
  const requirements = texts.map(requirementOf);
  if (requirements.some((requirement) => requirement === undefined)) return undefined;
  return { matchExpressions: requirements as LabelSelectorRequirement[] };
}

/** In the order and form that `metav1.FormatLabelSelector` prints: by key; one value of `In` as `key=value`. */
export function formatLabelSelector({ matchExpressions = [] }: LabelSelector): string {
  return [...matchExpressions]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      if (values.length === 1) return `${key}${operator === 'In' ? '=' : '!='}${values[0]}`;
      return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
    })
    .join(',');
}
