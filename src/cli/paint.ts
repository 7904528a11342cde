/** Colours on a terminal, none elsewhere. */
import picocolors from 'picocolors';
import { NO_PAINT, type Paint } from '../scenario/index.ts';

export function paintFor(colour: boolean): Paint {
  return colour ? picocolors.createColors(true) : NO_PAINT;
}
