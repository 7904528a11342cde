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

function sameTuple(a: Tuple, b: Tuple): boolean {
  return (
    a.protocol === b.protocol &&
    a.source === b.source &&
    a.sourcePort === b.sourcePort &&
    a.destination === b.destination &&
    a.destinationPort === b.destinationPort
  );
}

function isSame(a: Heard, b: Heard): boolean {
  if (a.namespace !== b.namespace || a.what !== b.what || a.ttl !== b.ttl || !sameTuple(a, b)) return false;
  if (a.about === undefined || b.about === undefined) return a.about === b.about;
  return sameTuple(a.about, b.about);
}

/** Whether each packet heard was expected, and the other way round, in any order. */
export function areSame(heard: readonly Heard[], expected: readonly Heard[]): boolean {
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
export function describeHeard(each: Heard): string {
  const about = each.about === undefined ? '' : ` about ${describeTuple(each.about)}`;
  return `${each.namespace}: ${each.what} ${describeTuple(each)} ttl ${each.ttl}${about}`;
}

export function describeTuple({ source, sourcePort, destination, destinationPort }: Tuple): string {
  return `${endpoint(source, sourcePort)} > ${endpoint(destination, destinationPort)}`;
}
