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

/** A version 4 UUID in shape; its digits come from the dice. */
export function randomUid(dice: Dice): string {
  const [a, b, c, d] = [hexWord(dice), hexWord(dice), hexWord(dice), hexWord(dice)];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${'89ab'[dice.below(4)]}${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

/** Eight digits. Every object that is made has four such words in its uid. */
function hexWord(dice: Dice): string {
  const word = dice.below(0x100000000);
  return (
    HEX_BYTES[word >>> 24]! + HEX_BYTES[(word >>> 16) & 255]! + HEX_BYTES[(word >>> 8) & 255]! + HEX_BYTES[word & 255]!
  );
}

const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
