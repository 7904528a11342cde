/** The numbers behind DNS' names, as IANA assigns them (https://www.iana.org/assignments/dns-parameters). */

export const RCODE_NUMBERS = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  DSOTYPENI: 11,
  RESERVED12: 12,
  RESERVED13: 13,
  RESERVED14: 14,
  RESERVED15: 15,
  // From here on a code needs EDNS: the header holds its lower four bits only (RFC 6891, 6.1.3).
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const;

export const CLASS_NUMBERS = { IN: 1, CS: 2, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

const NAMED_TYPES: readonly (readonly [first: number, names: string])[] = [
  [1, 'A NS MD MF CNAME SOA MB MG MR NULL'],
  [12, 'PTR HINFO MINFO MX TXT RP AFSDB X25 ISDN RT'],
  [23, 'NSAP-PTR SIG KEY PX GPOS AAAA LOC NXT EID NIMLOC SRV ATMA NAPTR KX CERT'],
  [39, 'DNAME'],
  [41, 'OPT APL DS SSHFP IPSECKEY RRSIG NSEC DNSKEY DHCID NSEC3 NSEC3PARAM TLSA SMIMEA'],
  [55, 'HIP NINFO RKEY TALINK CDS CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS'],
  [99, 'SPF UINFO UID GID UNSPEC NID L32 L64 LP EUI48 EUI64'],
  [128, 'NXNAME'],
  [249, 'TKEY TSIG IXFR AXFR MAILB MAILA ANY URI CAA AVC'],
  [260, 'AMTRELAY RESINFO'],
  [32768, 'TA DLV'],
];

export const RECORD_TYPE_NUMBERS: ReadonlyMap<string, number> = new Map(
  NAMED_TYPES.flatMap(([first, names]) => names.split(' ').map((name, i) => [name, first + i] as const)),
);
