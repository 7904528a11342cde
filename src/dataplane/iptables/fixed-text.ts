/** A number with a fixed count of decimals, as C's and Go's printf round it. */

/** Enough decimals to write any double below 1 that a probability can be without loss. */
const DECIMALS_MAX = 100;

/**
 * `number` with `decimals` decimals; a value exactly in the middle goes to the even digit (IEEE 754), where JavaScript's
 * toFixed takes the larger. It happens: 1/2048 with ten decimals.
 */
export function fixedText(number: number, decimals: number): string {
  const text = number.toFixed(decimals);
  const exact = number.toFixed(DECIMALS_MAX);
  const cut = exact.length - (DECIMALS_MAX - decimals);
  if (!/^50*$/.test(exact.slice(cut))) return text;
  const even = Number(exact[cut - 1]) % 2 === 0;
  return even ? exact.slice(0, cut) : text;
}
