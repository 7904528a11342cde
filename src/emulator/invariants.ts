/**
 * What must hold of a cluster whatever happened to it. Each invariant answers with sentences that name what broke it; none
 * means that it holds. They walk the whole cluster: for tests, campaigns and rests, never on the way of an event.
 */
import type { PodNetwork } from '../dataplane/index.ts';
import {
  type Address,
  addressOf,
  contains,
  formatAddress,
  isPodTerminal,
  type Key,
  type Kind,
  keyOf,
  type Pod,
} from '../model/index.ts';
import {
  poolsAgreeWithSandboxes,
  poolsAreDisjoint,
  poolsAreWithinThresholds,
  reservedAddressesAreNobodys,
} from './address-invariants.ts';
import type { Emulator } from './emulator.ts';

export type Invariant = (emulator: Emulator) => readonly string[];

/**
 * The pods that have an address of their own and run, or ought to. A pod whose node is gone died with the machine: its
 * object is what the pod garbage collector has not collected yet. A pod that is being deleted, and has lost its sandbox,
 * has given its address back.
 */
function livePods(emulator: Emulator): readonly Pod[] {
  return emulator.list('Pod').filter((pod) => {
    const { metadata, spec, status } = pod;
    if (status.podIP === undefined || spec.hostNetwork === true || isPodTerminal(pod)) return false;
    if (emulator.get('Node', spec.nodeName ?? '') === undefined) return false;
    return metadata.deletionTimestamp === undefined || sandboxOf(emulator, pod) !== undefined;
  });
}

/** A pod's sandbox; undefined where there is none, or another pod's of its name. */
function sandboxOf(emulator: Emulator, pod: Pod): PodNetwork | undefined {
  const network = emulator.dataplane.pod.get(keyOf(pod));
  return network?.uid === pod.metadata.uid ? network : undefined;
}

/** No address belongs to two live pods. */
export const addressesAreUnique: Invariant = (emulator) => {
  const owners = new Map<string, string>();
  const broken: string[] = [];
  for (const pod of livePods(emulator)) {
    const address = pod.status.podIP!;
    const owner = owners.get(address);
    if (owner !== undefined) broken.push(`${address} belongs to pod ${owner} and to pod ${keyOf(pod)}`);
    owners.set(address, keyOf(pod));
  }
  return broken;
};

/** Every pod's address lies in its node's pod CIDR. */
export const addressesAreInTheirNodesRange: Invariant = (emulator) =>
  livePods(emulator).flatMap((pod) => {
    const { node, networkInterface } = emulator.dataplane;
    const address = addressOf(pod.status.podIP!);
    const ranges = [node, networkInterface].flatMap((cards) => cards.get(pod.spec.nodeName ?? '')?.podCidrs ?? []);
    if (ranges.some((cidr) => contains(cidr, address))) return [];
    return [`${pod.status.podIP} of pod ${keyOf(pod)} lies outside of the range of ${pod.spec.nodeName ?? 'no node'}`];
  });

/** At rest, every address that CNS has handed out belongs to a pod that exists, under the same uid. */
export const noAddressIsLeaked: Invariant = (emulator) => {
  const broken: string[] = [];
  for (const { pod, uid, addresses } of emulator.dataplane.pod.all()) {
    if (emulator.get('Pod', pod)?.metadata.uid === uid) continue;
    broken.push(
      `${addresses.map((address: Address) => formatAddress(address)).join(', ')} is kept for pod ${pod}, which is gone`,
    );
  }
  return broken;
};

/** At rest, every running pod has the address that its status tells, and a pod without a sandbox tells of none. */
export const podsHaveTheirAddresses: Invariant = (emulator) =>
  livePods(emulator).flatMap((pod) => {
    const addresses = sandboxOf(emulator, pod)?.addresses.map(formatAddress) ?? [];
    if (addresses[0] === pod.status.podIP) return [];
    return [`pod ${keyOf(pod)} says that it has ${pod.status.podIP}, and has ${addresses.join(', ') || 'none'}`];
  });

/** At rest, nothing is programmed for an object that is gone. */
export const nothingIsProgrammedForWhatIsGone: Invariant = (emulator) => {
  const { node, service, dns, dnsNamespace, nodeQuarantine } = emulator.dataplane;
  const programmed: readonly (readonly [piece: string, kind: Kind, keys: Iterable<Key>])[] = [
    ['node', 'Node', node.keys()],
    ['service', 'Service', Array.from(service.records(), ({ key }) => key)],
    ['dns', 'Service', dns.keys()],
    ['dnsNamespace', 'Namespace', dnsNamespace.keys()],
  ];
  const left = programmed.flatMap(([piece, kind, keys]) =>
    [...keys]
      .filter((key) => emulator.get(kind, key) === undefined)
      .sort()
      .map((key) => `${piece} ${key} is still programmed, and there is no ${kind} ${key}`),
  );
  const quarantined = [...nodeQuarantine.keys()].sort();
  return [...left, ...quarantined.map((name) => `node ${name} is still in quarantine, and no pod is left to collect`)];
};

/** No ClusterIP belongs to two Services. */
export const clusterAddressesAreUnique: Invariant = (emulator) => {
  const owners = new Map<string, string>();
  const broken: string[] = [];
  for (const service of emulator.list('Service')) {
    for (const address of service.spec.clusterIPs ?? []) {
      if (address === 'None') continue;
      const owner = owners.get(address);
      if (owner !== undefined) broken.push(`ClusterIP ${address} belongs to ${owner} and to ${keyOf(service)}`);
      owners.set(address, keyOf(service));
    }
  }
  return broken;
};

/** No two nodes share an address of their pod CIDRs. */
export const podCidrsAreDisjoint: Invariant = (emulator) => {
  const owners = new Map<string, string>();
  return emulator.list('Node').flatMap(({ metadata, spec }) =>
    (spec.podCIDRs ?? []).flatMap((cidr) => {
      const owner = owners.get(cidr);
      owners.set(cidr, metadata.name);
      return owner === undefined ? [] : [`pod CIDR ${cidr} belongs to ${owner} and to ${metadata.name}`];
    }),
  );
};

/** Hold at any moment. */
export const INVARIANTS: readonly Invariant[] = [
  addressesAreUnique,
  addressesAreInTheirNodesRange,
  clusterAddressesAreUnique,
  podCidrsAreDisjoint,
  reservedAddressesAreNobodys,
];

/** Hold once the cluster has settled. */
export const INVARIANTS_AT_REST: readonly Invariant[] = [
  ...INVARIANTS,
  noAddressIsLeaked,
  podsHaveTheirAddresses,
  nothingIsProgrammedForWhatIsGone,
  poolsAreDisjoint,
  poolsAgreeWithSandboxes,
  poolsAreWithinThresholds,
];
