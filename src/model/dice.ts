/** Chance as a value that is passed in. Only the emulator makes dice; everything else is handed one. */
export interface Dice {
  /** a whole number from 0 up to, and without, `bound` */
  below(bound: number): number;
  /** a fraction from 0 up to, and without, 1 */
  fraction(): number;
  /** a die of its own for a component: its rolls do not shift those of others */
  split(component: string): Dice;
}

const ALPHANUMERICS = 'bcdfghjklmnpqrstvwxz2456789';

/** Random name suffix in Kubernetes' alphabet without vowels (k8s.io/apimachinery/pkg/util/rand `String`). */
export function randomSuffix(dice: Dice, length: number): string {
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += ALPHANUMERICS[dice.below(ALPHANUMERICS.length)];
  return suffix;
}

/** `x` is a digit that is drawn, `v` the variant; what else stands here stands in every uid */
const UID_SHAPE = 'xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx';
const [HYPHEN, DRAWN, VARIANT] = Array.from('-xv', (character) => character.charCodeAt(0));
const DIGITS: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** the characters' codes of the uid made last: one list for all, whose hyphens and version stay */
const codes: number[] = Array.from(UID_SHAPE, (character) => character.charCodeAt(0));
const VARIANTS: readonly number[] = Array.from('89ab', (digit) => digit.charCodeAt(0));

/**
 * A version 4 UUID in shape; its digits come from the dice. It is made of its characters' codes, at once: a text put together
 * from pieces keeps them all for as long as it lives, and there is one for each object.
 */
export function randomUid(dice: Dice): string {
  const words = [dice.below(0x100000000), dice.below(0x100000000), dice.below(0x100000000), dice.below(0x100000000)];
  const variant = VARIANTS[dice.below(VARIANTS.length)]!;
  let place = 0;
  for (let i = 0; i < UID_SHAPE.length; i++) {
    const shape = UID_SHAPE.charCodeAt(i);
    if (shape === HYPHEN) continue;
    if (shape === DRAWN) codes[i] = DIGITS[(words[place >> 3]! >>> (28 - 4 * (place & 7))) & 15]!;
    else if (shape === VARIANT) codes[i] = variant;
    place++;
  }
  return String.fromCharCode(...codes);
}
