/** One record as a zone file writes it (RFC 1035, 5.1): `name [TTL] [class] type data`. */
import { CLASS_NUMBERS, type DnsRecord, parseAddress, RECORD_TYPE_NUMBERS } from '../../../../src/model/index.ts';

/** As miekg/dns takes it where the line says nothing. */
const TTL_SECONDS = 3600;

/** Which words of the data are names, by type: they gain a final dot. */
const NAMES_AT: Readonly<Record<string, readonly number[]>> = {
  CNAME: [0],
  DNAME: [0],
  NS: [0],
  PTR: [0],
  MX: [1],
  SRV: [3],
  SOA: [0, 1],
};

function absolute(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

function dataOf(type: string, words: readonly string[]): string | undefined {
  const data = words.map((word, i) => (NAMES_AT[type]?.includes(i) === true ? absolute(word) : word)).join(' ');
  if (type !== 'A' && type !== 'AAAA') return data === '' ? undefined : data;
  const address = parseAddress(data);
  return address !== undefined && (typeof address === 'number') === (type === 'A') ? data : undefined;
}

/** Undefined where the line is none of a zone file. */
export function parseRecordLine(line: string): DnsRecord | undefined {
  const [name, ...words] = line.trim().match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  let ttl = TTL_SECONDS;
  // TTL and class come in either order, and each may be left out.
  for (let i = 0; i < 2 && words[0] !== undefined; i++) {
    if (/^\d+$/.test(words[0])) ttl = Number(words.shift());
    else if (Object.hasOwn(CLASS_NUMBERS, words[0].toUpperCase())) words.shift();
  }
  const type = words.shift()?.toUpperCase();
  if (name === undefined || type === undefined || !RECORD_TYPE_NUMBERS.has(type)) return undefined;
  const data = dataOf(type, words);
  return data === undefined ? undefined : { name: absolute(name), type, ttl, data };
}
