/** The order that people put node names in: node2 before node10. */

const DIGITS = /\d+/g;
/** Longer than any number in a node's name: a scale set's instances are numbered in six digits at most. */
const DIGITS_LENGTH = 12;

/** A text to compare names by: numbers in it are padded to one length. */
export function nodeOrderKey(name: string): string {
  return `${name.replace(DIGITS, (digits) => digits.padStart(DIGITS_LENGTH, '0'))} ${name}`;
}
