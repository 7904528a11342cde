import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../../../test/support/seed.ts';
import { parseCorefile, versionText } from '../../index.ts';
import { sha512 } from './sha512.ts';

test('the hash is what OpenSSL says, for any text, and for every length around a block', () => {
  const check = (text: string) => {
    expect(sha512(text)).toBe(createHash('sha512').update(text, 'utf8').digest('hex'));
  };
  for (const length of [0, 1, 110, 111, 112, 127, 128, 129, 239, 240, 241, 1000]) check('x'.repeat(length));
  holds(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), check));
});

test('a version is every word with its file and line, by directive', () => {
  const corefile = 'example.org, .:53 {\n  log . "<b>\n&"\n  import custom/*.override\n  errors\n  log\n}\n';
  const version = versionText(
    parseCorefile(corefile, { files: { 'custom/a.override': '# one\nhosts {\n  ttl 5\n}\n' } }),
  );
  const word = (Line: number, Text: string, File = '') => ({ File, Line, Text });
  const imported = (line: number, text: string) => word(line, text, '/etc/coredns/custom/a.override');
  const errors = [word(5, 'errors')];
  const hosts = [imported(2, 'hosts'), imported(2, '{'), imported(3, 'ttl'), imported(3, '5'), imported(4, '}')];
  const log = [word(2, 'log'), word(2, '.'), word(2, '<b>\n&'), word(6, 'log')];
  const expected = [{ Keys: ['example.org', '.:53'], Tokens: { errors, hosts, log } }];
  expect(JSON.parse(version)).toEqual(expected);
  expect(version).toContain('{"File":"","Line":2,"Text":"\\u003cb\\u003e\\n\\u0026"}');
});
