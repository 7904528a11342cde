/** Advice for people. */
import type { Advice } from './advise.ts';
import { MODEL_TITLES } from './limits.ts';

export function adviceText({ questions, model, reason, sizes }: Advice): string {
  const lines = [
    ...questions.flatMap(({ question, answer }, i) => [`${i + 1}. ${question}`, `   ${answer}`]),
    '',
    model === undefined ? 'Nothing of the kind fits.' : `${MODEL_TITLES[model]} (${model})`,
    `   ${reason}`,
    ...(sizes.length === 0 ? [] : ['', model === undefined ? 'As overlay it would fit with' : 'Everything fits with']),
    ...sizes.map(({ setting, value }) => `   ${setting}: ${value}`),
  ];
  return `${lines.join('\n')}\n`;
}
