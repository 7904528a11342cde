/**
 * The IP sets that kube-proxy keeps in IPVS mode: its rules ask whether a packet is for a Service at all, where other modes
 * have a rule for each. Source: kubernetes pkg/proxy/ipvs/proxier.go (ipsetInfo), ipset.go (NewIPSet).
 */
import { type IpSet, type IpSetEntry, type IpSetType, ipSetEntryText } from '../../../src/dataplane/index.ts';
import type { Address, Family } from '../../../src/model/index.ts';

interface SetInfo {
  readonly type: IpSetType;
  readonly comment: string;
}

/** By the name for IPv4. */
export const SETS = {
  'KUBE-LOOP-BACK': {
    type: 'hash:ip,port,ip',
    comment: 'Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose',
  },
  'KUBE-CLUSTER-IP': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service cluster ip + port for masquerade purpose',
  },
  'KUBE-EXTERNAL-IP': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service external ip + port for masquerade and filter purpose',
  },
  'KUBE-EXTERNAL-IP-LOCAL': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service external ip + port with externalTrafficPolicy=local',
  },
  'KUBE-LOAD-BALANCER': { type: 'hash:ip,port', comment: 'Kubernetes service lb portal' },
  'KUBE-LOAD-BALANCER-FW': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service load balancer ip + port for load balancer with sourceRange',
  },
  'KUBE-LOAD-BALANCER-LOCAL': {
    type: 'hash:ip,port',
    comment: 'Kubernetes service load balancer ip + port with externalTrafficPolicy=local',
  },
  'KUBE-LOAD-BALANCER-SOURCE-IP': {
    type: 'hash:ip,port,ip',
    comment: 'Kubernetes service load balancer ip + port + source IP for packet filter purpose',
  },
  'KUBE-LOAD-BALANCER-SOURCE-CIDR': {
    type: 'hash:ip,port,net',
    comment: 'Kubernetes service load balancer ip + port + source cidr for packet filter purpose',
  },
  'KUBE-NODE-PORT-TCP': { type: 'bitmap:port', comment: 'Kubernetes nodeport TCP port for masquerade purpose' },
  'KUBE-NODE-PORT-LOCAL-TCP': {
    type: 'bitmap:port',
    comment: 'Kubernetes nodeport TCP port with externalTrafficPolicy=local',
  },
  'KUBE-NODE-PORT-UDP': { type: 'bitmap:port', comment: 'Kubernetes nodeport UDP port for masquerade purpose' },
  'KUBE-NODE-PORT-LOCAL-UDP': {
    type: 'bitmap:port',
    comment: 'Kubernetes nodeport UDP port with externalTrafficPolicy=local',
  },
  'KUBE-NODE-PORT-SCTP-HASH': {
    type: 'hash:ip,port',
    comment: "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'",
  },
  'KUBE-NODE-PORT-LOCAL-SCTP-HASH': {
    type: 'hash:ip,port',
    comment: "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
  },
  'KUBE-HEALTH-CHECK-NODE-PORT': { type: 'bitmap:port', comment: 'Kubernetes health check node port' },
  'KUBE-IPVS-IPS': { type: 'hash:ip', comment: 'Addresses on the ipvs interface' },
} as const satisfies Readonly<Record<string, SetInfo>>;

export type SetKey = keyof typeof SETS;
export type KubeProxySets = Readonly<Record<SetKey, IpSet>>;

const SET_KEYS = Object.keys(SETS) as readonly SetKey[];
/** IPSET_MAXNAMELEN less its end: longer names are cut */
const NAME_LENGTH_MAX = 31;

/** Sets of both families stand side by side, so IPv6 ones have names of their own. */
export function ipSetName(key: SetKey, family: Family): string {
  return family === 4 ? key : key.replace('KUBE-', 'KUBE-6-').slice(0, NAME_LENGTH_MAX);
}

/** An element that a Service wants in a set. */
export interface WantedEntry {
  readonly set: SetKey;
  readonly entry: IpSetEntry;
}

/** The sets, their elements sorted by their text. */
export function setsOf(wanted: readonly WantedEntry[], family: Family): KubeProxySets {
  const sets = new CountedSets(family);
  sets.change([], wanted);
  const sorted = (set: IpSet): IpSet => {
    const entries = [...set.entries].sort(([a], [b]) => (a < b ? -1 : 1));
    return { ...set, entries: new Map(entries) };
  };
  return mapSets((key) => sorted(sets.sets[key]));
}

function mapSets(make: (key: SetKey) => IpSet): KubeProxySets {
  return Object.fromEntries(SET_KEYS.map((key) => [key, make(key)])) as Record<SetKey, IpSet>;
}

/** The sets as they change, each element there for as long as anybody wants it. Elements are in no order. */
export class CountedSets {
  readonly #elements = new Map<SetKey, Map<string, IpSetEntry>>(SET_KEYS.map((key) => [key, new Map()]));
  readonly #addresses = new Map<SetKey, Map<Address, number>>(SET_KEYS.map((key) => [key, new Map()]));
  /** of elements that more than one wants, how many do: by set and text */
  readonly #shared = new Map<string, number>();
  #sets: KubeProxySets;

  constructor(family: Family) {
    this.#sets = mapSets((key) => {
      const { type } = SETS[key];
      const set = { name: ipSetName(key, family), type, family, entries: this.#elements.get(key)! };
      return type === 'bitmap:port' ? set : { ...set, addresses: this.#addresses.get(key)! };
    });
  }

  /** A set that changed is another object, whose elements are those that are there now. */
  get sets(): KubeProxySets {
    return this.#sets;
  }

  /** whether anybody wants the address on the dummy device */
  binds(address: Address): boolean {
    return this.#addresses.get('KUBE-IPVS-IPS')!.has(address);
  }

  /** Puts what is wanted in the place of what was. Says whether any set changed. */
  change(was: readonly WantedEntry[], is: readonly WantedEntry[]): boolean {
    const touched = new Set<SetKey>();
    // First what comes, so that what stays is never gone in between.
    for (const wanted of is) if (this.#add(wanted)) touched.add(wanted.set);
    for (const wanted of was) if (this.#remove(wanted)) touched.add(wanted.set);
    if (touched.size === 0) return false;
    this.#sets = mapSets((key) => (touched.has(key) ? { ...this.#sets[key] } : this.#sets[key]));
    return true;
  }

  #add({ set, entry }: WantedEntry): boolean {
    const text = ipSetEntryText(entry);
    const elements = this.#elements.get(set)!;
    if (!elements.has(text)) {
      elements.set(text, entry);
      this.#count(set, entry, 1);
      return true;
    }
    this.#shared.set(`${set} ${text}`, (this.#shared.get(`${set} ${text}`) ?? 1) + 1);
    return false;
  }

  #remove({ set, entry }: WantedEntry): boolean {
    const text = ipSetEntryText(entry);
    const count = this.#shared.get(`${set} ${text}`) ?? 1;
    if (count > 2) this.#shared.set(`${set} ${text}`, count - 1);
    else this.#shared.delete(`${set} ${text}`);
    if (count !== 1 || !this.#elements.get(set)!.delete(text)) return false;
    this.#count(set, entry, -1);
    return true;
  }

  #count(set: SetKey, entry: IpSetEntry, change: 1 | -1): void {
    if (entry.type === 'bitmap:port') return;
    const counts = this.#addresses.get(set)!;
    const count = (counts.get(entry.address) ?? 0) + change;
    if (count === 0) counts.delete(entry.address);
    else counts.set(entry.address, count);
  }
}
