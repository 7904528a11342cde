import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { type DnsHost, dnsHostOf } from './dns-records.ts';
import { NameRows } from './name-rows.ts';
import { hashOfWords, lowerCased, NameSuffix, wordsOfName } from './name-words.ts';
import { VersionedMap } from './versioned-map.ts';

/** Short labels, which are many and alike, and long ones: names of 24 and 25 characters, and of 56 and 57, lie in different tables. */
const label = fc.oneof(
  fc.nat(60).map((number) => `s${number}`),
  fc.constantFrom('my-api', 'a', 'x'.repeat(16), 'x'.repeat(17), 'x'.repeat(48), 'x'.repeat(49), 'y'.repeat(63)),
);
const namespace = fc.constantFrom('default', 'team-1', 'team-2', 'n', `${'z'.repeat(62)}1`);
const key = fc.tuple(label, namespace).map(([name, space]) => `${name}.${space}`);
const hosts = fc
  .oneof(
    fc.constantFrom(['10.0.0.1'], ['10.0.0.255'], ['10.0.1.1'], ['255.255.255.0']),
    fc.constantFrom(['fd00::1'], ['10.0.0.1', 'fd00::1'], ['10.0.0.1', '10.0.0.2']),
  )
  .map((texts): readonly DnsHost[] => texts.map(dnsHostOf));

/** A change of a late or early version, after which some version is read. */
const step = fc.record({
  version: fc.nat(),
  key,
  hosts: fc.option(hosts, { nil: undefined, freq: 3 }),
  read: fc.nat(),
});

/** As a query finds it: number by number. */
function asked(rows: NameRows, text: string): readonly DnsHost[] | undefined {
  const name = wordsOfName(text);
  const table = rows.tableOf(name.length);
  const row = table.find(name, name.length);
  if (row < 0) return undefined;
  expect(text.endsWith(`.${rows.namespaceName(table.namespaceAt(row))}`)).toBe(true);
  const service = table.valueAt(row);
  const address = rows.address(service);
  return address === undefined ? rows.hosts(service) : [dnsHostOf(address)];
}

test('rows hold what a plain map holds, in every version, however late its reader is', () => {
  holds(
    fc.property(fc.array(step, { maxLength: 70, size: 'max' }), (steps) => {
      const versions = [VersionedMap.of<readonly DnsHost[], NameRows>(() => new NameRows())];
      const expected: ReadonlyMap<string, readonly DnsHost[]>[] = [new Map()];
      for (const { version, key: changed, hosts: value, read } of steps) {
        // The newest is changed most often; a reader that lags, and changes of its own, come now and then.
        const from = version % 3 === 0 ? version % versions.length : versions.length - 1;
        const next = new Map(expected[from]!);
        if (value === undefined) next.delete(changed);
        else next.set(changed, value);
        versions.push(value === undefined ? versions[from]!.delete(changed) : versions[from]!.set(changed, value));
        expected.push(next);
        const at = read % versions.length;
        expect(asked(versions[at]!.table, changed)).toEqual(expected[at]!.get(changed));
      }
      for (const [i, version] of versions.entries()) {
        const { table } = version;
        expect(table.size).toBe(expected[i]!.size);
        expect([...table.keys()].sort()).toEqual([...expected[i]!.keys()].sort());
        for (const [name, value] of expected[i]!) expect(asked(table, name)).toEqual(value);
      }
    }),
  );
});

const character = fc.oneof(
  fc.constantFrom(...'abzAZ@[`{.-_09\\'),
  fc.nat(0x3ff).map((code) => String.fromCharCode(code)),
);
const text = fc.array(character, { maxLength: 80 }).map((characters) => characters.join(''));

test('words say of a name what its text says', () => {
  holds(
    fc.property(text, text, fc.nat(8), (one, other, begins) => {
      expect(lowerCased(one)).toBe(one.toLowerCase());
      const suffix = new NameSuffix(other.toLowerCase());
      const whole = `${one}${other}`.toLowerCase();
      for (const name of [one.toLowerCase(), whole]) {
        const words = wordsOfName(name);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: every character of ASCII is meant
        expect(words.isPlain).toBe(/^[\x00-\x7f]*$/.test(name));
        if (!words.isPlain) continue;
        expect(words.endsWith(suffix)).toBe(name.endsWith(other.toLowerCase()));
        const length = Math.min(begins, name.length);
        const others = new Int32Array(100);
        const hash = words.hash(length, 1);
        const begun = wordsOfName(name.slice(0, length));
        begun.copy(others, 3);
        expect([begun.hash(length, 1), hashOfWords(others, 3, length, 1)]).toEqual([hash, hash]);
        expect(wordsOfName(name).beginsWith(others, 3, length)).toBe(true);
      }
    }),
  );
});
