import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { sha256, sha256Base32 } from './sha256.ts';

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 300 });

test('digests equal those of another implementation, whatever the length', () => {
  holds(
    fc.property(ascii, (text) => {
      const hex = Array.from(sha256(text), (word) => word.toString(16).padStart(8, '0')).join('');
      expect(hex).toBe(createHash('sha256').update(text, 'latin1').digest('hex'));
    }),
  );
});

test('base32 takes the digest from its first bit on, five at a time', () => {
  holds(
    fc.property(ascii, fc.integer({ min: 1, max: 51 }), (text, length) => {
      const bits = Array.from(createHash('sha256').update(text, 'latin1').digest(), (byte) =>
        byte.toString(2).padStart(8, '0'),
      ).join('');
      const letter = (i: number) =>
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(bits.slice(i * 5, i * 5 + 5), 2)];
      expect(sha256Base32(text, length)).toBe(Array.from({ length }, (_, i) => letter(i)).join(''));
    }),
  );
});

test('text beyond ASCII is refused: no name of Kubernetes has any', () => {
  expect(() => sha256('é')).toThrow('not ASCII');
});
