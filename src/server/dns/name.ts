/** Names on the wire, and as text with escapes: `\.` and `\\`, `\009`. Source: RFC 1035, 3.1, 4.1.4 and 5.1. */
import { labelsOf, unescaped } from '../../model/index.ts';

/** Where each name that was written ends in another: what pointers lead to. Undefined: nothing is compressed. */
export type Offsets = Map<string, number> | undefined;

const LABEL_BYTES_MAX = 63;
const NAME_BYTES_MAX = 255;
const POINTER_BITS = 0xc0;
const POINTER_REACH = 0x4000;
const ESCAPED = new Set([...'.()@;\\" '].map((character) => character.charCodeAt(0)));

function labelText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (ESCAPED.has(byte)) text += `\\${String.fromCharCode(byte)}`;
    else if (byte < 0x20 || byte > 0x7e) text += `\\${String(byte).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}

/** The name at `at`, with its final dot, and where what follows it begins. Undefined where it is no name. */
export function readName(bytes: Uint8Array, at: number): { readonly name: string; readonly end: number } | undefined {
  let name = '';
  let length = 1;
  let end = -1;
  for (let here = at; here < bytes.length; ) {
    const size = bytes[here]!;
    if (size === 0) return { name: name === '' ? '.' : name, end: end < 0 ? here + 1 : end };
    if ((size & POINTER_BITS) === POINTER_BITS) {
      const target = ((size & ~POINTER_BITS) << 8) | (bytes[here + 1] ?? 0xff);
      // Only back: what leads forward may lead in a circle.
      if (target >= here || here + 1 >= bytes.length) return undefined;
      if (end < 0) end = here + 2;
      here = target;
      continue;
    }
    length += size + 1;
    if (size > LABEL_BYTES_MAX || length > NAME_BYTES_MAX || here + 1 + size > bytes.length) return undefined;
    name += `${labelText(bytes.subarray(here + 1, here + 1 + size))}.`;
    here += size + 1;
  }
  return undefined;
}

/** The bytes of a name that will be written at `at`. Names written earlier are pointed to, and this one is kept for later. */
export function nameBytes(name: string, at: number, offsets: Offsets, compressed = true): Buffer {
  const labels = labelsOf(name);
  const parts: Buffer[] = [];
  let length = 0;
  for (let i = 0; i < labels.length; i++) {
    if (offsets !== undefined) {
      const suffix = labels.slice(i).join('.');
      const known = offsets.get(suffix);
      if (known !== undefined && compressed) {
        return Buffer.concat([...parts, Buffer.from([POINTER_BITS | (known >> 8), known & 0xff])]);
      }
      if (known === undefined && at + length < POINTER_REACH) offsets.set(suffix, at + length);
    }
    const label = Buffer.from(unescaped(labels[i]!), 'latin1');
    if (label.length === 0 || label.length > LABEL_BYTES_MAX) throw new RangeError(`${name} is no domain name`);
    parts.push(Buffer.from([label.length]), label);
    length += label.length + 1;
  }
  if (length + 1 > NAME_BYTES_MAX) throw new RangeError(`${name} is no domain name`);
  return Buffer.concat([...parts, Buffer.from([0])]);
}
