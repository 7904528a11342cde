/**
 * How long a message is on the wire, with names compressed or not, as miekg/dns packs it.
 *
 * Source: miekg/dns msg.go (`packDomainName`, `compressionLenHelper`), RFC 1035 4.1.4; RFC 3597 4: no compression within
 * types that came later, such as SRV.
 */
import { type DnsMessage, type DnsRecord, labelsOf, unescaped, wordsOf } from '../../src/model/index.ts';

/** Where a suffix of a name has been written: pointers lead back there. Undefined: nothing is compressed. */
export type Suffixes = Set<string> | undefined;

export const HEADER_BYTES = 12;
/** An OPT record without options. */
export const OPT_BYTES = 11;
export const RECORD_HEADER_BYTES = 10;
export const QUESTION_TAIL_BYTES = 4;
const POINTER_BYTES = 2;
/** A pointer has 14 bits. */
const POINTER_REACH = 0x4000;

/** The name that was counted last: within one query it is nearly always the same. */
let lastName = '.';
let lastBytes = 1;

function wholeNameBytes(name: string): number {
  if (name !== lastName) {
    lastBytes = name === '.' ? 1 : unescaped(name).length + 1;
    lastName = name;
  }
  return lastBytes;
}

function nameBytes(name: string, at: number, suffixes: Suffixes, compressed = true): number {
  if (suffixes === undefined) return wholeNameBytes(name);
  const labels = labelsOf(name);
  let bytes = 0;
  // Names that may not be compressed are written whole, and others may still point into them.
  let pointed = -1;
  for (let i = 0; i < labels.length; i++) {
    const suffix = labels.slice(i).join('.');
    if (pointed < 0 && suffixes.has(suffix)) pointed = bytes;
    else if (pointed < 0 && at + bytes < POINTER_REACH) suffixes.add(suffix);
    bytes += unescaped(labels[i]!).length + 1;
  }
  return compressed && pointed >= 0 ? pointed + POINTER_BYTES : bytes + 1;
}

function stringsBytes(data: string): number {
  return wordsOf(data).reduce((bytes, word) => bytes + unescaped(word).length + 1, 0);
}

function dataBytes({ type, data }: DnsRecord, at: number, suffixes: Suffixes): number {
  switch (type) {
    case 'A':
      return 4;
    case 'AAAA':
      return 16;
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return nameBytes(data, at, suffixes);
    case 'DNAME':
      return nameBytes(data, at, suffixes, false);
    case 'SRV':
      return 6 + nameBytes(wordsOf(data)[3] ?? '.', at + 6, suffixes, false);
    case 'MX':
      return 2 + nameBytes(wordsOf(data)[1] ?? '.', at + 2, suffixes);
    case 'SOA': {
      const [server = '.', mailbox = '.'] = wordsOf(data);
      const first = nameBytes(server, at, suffixes);
      return first + nameBytes(mailbox, at + first, suffixes) + 20;
    }
    case 'TXT':
    case 'HINFO':
    case 'SPF':
      return stringsBytes(data);
    default:
      // Nothing of another type comes from a plugin; what is forwarded is as long as it is written, about.
      return data.length;
  }
}

/** The bytes of one record that begins at `at`. */
export function recordBytes(record: DnsRecord, at: number, suffixes: Suffixes): number {
  const owner = nameBytes(record.name, at, suffixes);
  return owner + RECORD_HEADER_BYTES + dataBytes(record, at + owner + RECORD_HEADER_BYTES, suffixes);
}

/** The bytes of the header and the question. */
export function questionBytes({ question }: Pick<DnsMessage, 'question'>, suffixes: Suffixes): number {
  return HEADER_BYTES + nameBytes(question.name, HEADER_BYTES, suffixes) + QUESTION_TAIL_BYTES;
}

function sectionBytes(records: readonly DnsRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += recordBytes(record, 0, undefined);
  return bytes;
}

/** The bytes of a message without its OPT record, nothing compressed: where a record begins does not matter then. */
export function uncompressedBytes(message: DnsMessage): number {
  const { answers, authorities, additionals } = message;
  return (
    questionBytes(message, undefined) + sectionBytes(answers) + sectionBytes(authorities) + sectionBytes(additionals)
  );
}
