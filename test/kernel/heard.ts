/** Packets as processes were given them, on either side, and how the two sides are compared. */

export interface Tuple {
  readonly protocol: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** One packet that reached a process of a namespace. */
export interface Heard extends Tuple {
  readonly namespace: string;
  /** `flags 2`, `asks`, `answers`, `icmp 3 3` */
  readonly what: string;
  readonly ttl: number;
  /** what an ICMP error quotes */
  readonly about?: Tuple;
}

/** As the emulator expects it. */
export interface Expected extends Heard {
  /** the source port before a MASQUERADE that chooses at random; undefined where the port is certain */
  readonly maskedPort?: number;
}

/** The ports that one is exchanged for, below 1024 among its like (nf_nat_l4proto_unique_tuple). */
export function portsLike(port: number): readonly [number, number] {
  if (port < 512) return [1, 511];
  return port < 1024 ? [600, 1023] : [1024, 65535];
}

function sameTuple(heard: Tuple, expected: Tuple, maskedPort: number | undefined): boolean {
  const [first, last] = maskedPort === undefined ? [expected.sourcePort, expected.sourcePort] : portsLike(maskedPort);
  return (
    heard.protocol === expected.protocol &&
    heard.source === expected.source &&
    heard.destination === expected.destination &&
    heard.destinationPort === expected.destinationPort &&
    heard.sourcePort >= first &&
    heard.sourcePort <= last
  );
}

export function isSame(heard: Heard, expected: Expected): boolean {
  if (heard.namespace !== expected.namespace || heard.what !== expected.what || heard.ttl !== expected.ttl)
    return false;
  if (!sameTuple(heard, expected, expected.maskedPort)) return false;
  if (heard.about === undefined || expected.about === undefined) return heard.about === expected.about;
  return sameTuple(heard.about, expected.about, undefined);
}

/** Whether each packet heard was expected, and the other way round, in any order. */
export function areSame(heard: readonly Heard[], expected: readonly Expected[]): boolean {
  const left = [...expected];
  for (const each of heard) {
    const index = left.findIndex((candidate) => isSame(each, candidate));
    if (index < 0) return false;
    left.splice(index, 1);
  }
  return left.length === 0;
}

const endpoint = (address: string, port: number): string => (port === 0 ? address : `${address}:${port}`);

/** `pod/default/a: flags 2 10.244.0.4:33001 > 10.244.1.5:8080 ttl 62`. */
export function describeHeard(each: Expected): string {
  const source = each.maskedPort === undefined ? endpoint(each.source, each.sourcePort) : `${each.source}:random`;
  const about = each.about === undefined ? '' : ` about ${describeTuple(each.about)}`;
  return `${each.namespace}: ${each.what} ${source} > ${endpoint(each.destination, each.destinationPort)} ttl ${each.ttl}${about}`;
}

export function describeTuple({ source, sourcePort, destination, destinationPort }: Tuple): string {
  return `${endpoint(source, sourcePort)} > ${endpoint(destination, destinationPort)}`;
}
