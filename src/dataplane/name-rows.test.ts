import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holds } from '../../test/support/seed.ts';
import { type DnsHost, dnsHostOf } from './dns-records.ts';
import { NameRows } from './name-rows.ts';
import { lowerCased, NameSuffix, wordsOfName } from './name-words.ts';
import { VersionedMap } from './versioned-map.ts';

/** Short labels, which are many and alike, and long ones; what holds 24 characters and what 25 differ in their rows. */
const label = fc.oneof(
  fc.nat(60).map((number) => `s${number}`),
  fc.constantFrom('my-api', 'a', 'x'.repeat(23), 'x'.repeat(24), 'x'.repeat(25), 'y'.repeat(63)),
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
  const dot = name.firstDot();
  const found = rows.namespace(name, dot + 1, name.length);
  const service = found < 0 ? -1 : rows.service(name, dot, found);
  if (service < 0) return undefined;
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
    fc.property(text, text, fc.nat(8), (one, other, from) => {
      expect(lowerCased(one)).toBe(one.toLowerCase());
      const suffix = new NameSuffix(other.toLowerCase());
      const whole = `${one}${other}`.toLowerCase();
      for (const name of [one.toLowerCase(), whole]) {
        const words = wordsOfName(name);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: every character of ASCII is meant
        expect(words.isPlain).toBe(/^[\x00-\x7f]*$/.test(name));
        if (!words.isPlain) continue;
        expect(words.firstDot()).toBe(name.indexOf('.'));
        expect(words.endsWith(suffix)).toBe(name.endsWith(other.toLowerCase()));
        const begins = Math.min(from, name.length);
        const moved = wordsOfName(name.slice(begins)).hash(0, name.length - begins, 1);
        expect(wordsOfName(name).hash(begins, name.length, 1)).toBe(moved);
      }
    }),
  );
});
