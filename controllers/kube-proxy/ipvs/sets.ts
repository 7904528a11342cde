/**
 * The IP sets that kube-proxy keeps in IPVS mode: its rules ask whether a packet is for a Service at all, where other modes
 * have a rule for each. Source: kubernetes pkg/proxy/ipvs/proxier.go (ipsetInfo), ipset.go (NewIPSet).
 */
import {
  type IpSet,
  type IpSetEntry,
  type IpSetName,
  type IpSetType,
  ipSetEntryText,
} from '../../../src/dataplane/index.ts';
import type { Family } from '../../../src/model/index.ts';

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
export type SetNames = Readonly<Record<SetKey, IpSetName>>;

/** in the order of the sets' numbers */
export const SET_KEYS = Object.keys(SETS) as readonly SetKey[];
/** The sets of which this is so, by the bits of their numbers. */
export function setBits(isSo: (key: SetKey) => boolean): number {
  return SET_KEYS.reduce((bits, key, number) => (isSo(key) ? bits | (1 << number) : bits), 0);
}

/** IPSET_MAXNAMELEN less its end: longer names are cut */
const NAME_LENGTH_MAX = 31;

/** Sets of both families stand side by side, so IPv6 ones have names of their own. */
export function ipSetName(key: SetKey, family: Family): string {
  return family === 4 ? key : key.replace('KUBE-', 'KUBE-6-').slice(0, NAME_LENGTH_MAX);
}

const names = new Map<Family, SetNames>();

/** The sets as rules name them: the same objects each time. */
export function setNames(family: Family): SetNames {
  let made = names.get(family);
  if (made === undefined) {
    const named = SET_KEYS.map((key, number) => [
      key,
      { name: ipSetName(key, family), type: SETS[key].type, family, number },
    ]);
    names.set(family, (made = Object.fromEntries(named) as Record<SetKey, IpSetName>));
  }
  return made;
}

/** An element that a Service wants in a set. */
export interface WantedEntry {
  readonly set: SetKey;
  readonly entry: IpSetEntry;
}

/** The sets, their elements sorted by their text. */
export function setsOf(wanted: readonly WantedEntry[], family: Family): KubeProxySets {
  const entries = new Map<SetKey, Map<string, IpSetEntry>>(SET_KEYS.map((key) => [key, new Map()]));
  for (const { set, entry } of wanted) entries.get(set)!.set(ipSetEntryText(entry), entry);
  const sorted = (key: SetKey) => new Map([...entries.get(key)!].sort(([a], [b]) => (a < b ? -1 : 1)));
  const sets = SET_KEYS.map((key) => [key, { ...setNames(family)[key], entries: sorted(key) }]);
  return Object.fromEntries(sets) as Record<SetKey, IpSet>;
}
