/**
 * A pod's sandbox: what kubelet, containerd, the Azure CNI plugin and CNS do between them when a pod is set up.
 * Source: Azure/azure-container-networking cni/network/invoker_cns.go, cns/restserver/ipam.go. On Linux all 256 addresses of
 * a node's /24 are handed out, .0 and .255 among them (cns/kubecontroller/nodenetworkconfig/conversion_linux.go).
 */
import {
  type CnsPool,
  type Dataplane,
  hasDefect,
  holderOf,
  releaseAddresses,
  requestAddresses,
} from '../../src/dataplane/index.ts';
import {
  type Address,
  addressPlus,
  type Cidr,
  type Family,
  findCondition,
  formatAddress,
  type Ipv4,
  type Key,
  keyOf,
  type Moment,
  momentOf,
  type Node,
  POD_IP_ANNOTATION,
  type Pod,
  parseAddress,
  parseCidr,
  sizeOf,
} from '../../src/model/index.ts';
import type { Intent } from '../../src/reconcile/index.ts';
import { forgetContainer } from './container.ts';

/** A sandbox that could not be made is tried again after as long as the pod has waited, within these bounds. */
const RETRY_FIRST_MS = 10_000;
const RETRY_LONGEST_MS = 300_000;

const NOTHING: readonly Intent[] = [];

/** CNI ADD: the sandbox with its address, and `next`; or, where the node has none left, the Event that tells of it. */
export function addSandbox(
  pod: Pod,
  key: Key,
  node: Node,
  dataplane: Dataplane,
  at: Moment,
  next: Intent,
): readonly Intent[] {
  const { name } = node.metadata;
  const pool = dataplane.cnsPool.get(name);
  const assigned = pool === undefined ? chooseAddresses(pod, node, dataplane) : askCns(pod, pool, dataplane, at);
  if ('error' in assigned) return refused(pod, node, assigned.error, at);
  const value = { pod: key, uid: pod.metadata.uid, node: name, addresses: assigned.addresses, createdAt: at };
  const sandbox: Intent = { do: 'program', piece: 'pod', key, value };
  if (!('pool' in assigned)) return [sandbox, next];
  return [
    { do: 'program', piece: 'cnsPool', key: name, value: assigned.pool },
    ...bereft(assigned.addresses, key, dataplane),
    sandbox,
    ...lateDelete(key, name, assigned.pool, dataplane),
    next,
  ];
}

/** Where CNS has given out an address twice, packets go to the sandbox that came last: the first one is bereft of it. */
function bereft(addresses: readonly Address[], key: Key, { pod }: Dataplane): readonly Intent[] {
  return addresses.flatMap((address): Intent[] => {
    const other = pod.at(address);
    if (other === undefined || other.pod === key) return [];
    return [{ do: 'program', piece: 'pod', key: other.pod, value: { ...other, addresses: [] } }];
  });
}

/** A DEL that the ADD has overtaken. */
function lateDelete(key: Key, node: string, pool: CnsPool, { lateDelete: late }: Dataplane): readonly Intent[] {
  const holder = late.get(key);
  if (holder === undefined) return [];
  return [
    { do: 'program', piece: 'cnsPool', key: node, value: releaseAddresses(pool, holder) },
    { do: 'program', piece: 'lateDelete', key, value: undefined },
  ];
}

/** CNI DEL: the sandboxes go, their addresses are free. */
export function deleteSandboxes(pods: readonly Key[], dataplane: Dataplane): readonly Intent[] {
  return deleteWith(pods, poolsWithout(pods, dataplane), dataplane);
}

/**
 * What a kubelet puts right when it starts: sandboxes go that are nobody's, and so do addresses that CNS counts as assigned
 * and no sandbox has, left when a kubelet died between the two. Both at once: nobody may look at the node again.
 */
export function sweepSandboxes(orphans: readonly Key[], node: string, dataplane: Dataplane): readonly Intent[] {
  if (orphans.length === 0 && !dataplane.cnsPool.has(node)) return NOTHING;
  const pools = poolsWithout(orphans, dataplane);
  const pool = pools.get(node) ?? dataplane.cnsPool.get(node);
  const left = pool === undefined ? undefined : withoutUnused(pool, dataplane);
  if (left !== undefined && left !== pool) pools.set(node, left);
  return deleteWith(orphans, pools, dataplane);
}

function poolsWithout(pods: readonly Key[], dataplane: Dataplane): Map<string, CnsPool> {
  const pools = new Map<string, CnsPool>();
  for (const key of pods) {
    const network = dataplane.pod.get(key);
    if (network === undefined) continue;
    const pool = pools.get(network.node) ?? dataplane.cnsPool.get(network.node);
    if (pool !== undefined) pools.set(network.node, releaseAddresses(pool, holderOf(network, dataplane)));
  }
  return pools;
}

function withoutUnused(pool: CnsPool, dataplane: Dataplane): CnsPool {
  if (hasDefect(dataplane, 4497)) return pool;
  let left = pool;
  for (const [address, { state, pod: holder }] of pool.addresses) {
    if (state !== 'Assigned' || holder === undefined) continue;
    const network = dataplane.pod.at(address);
    if (network === undefined || holderOf(network, dataplane) !== holder) left = releaseAddresses(left, holder);
  }
  return left;
}

function deleteWith(
  pods: readonly Key[],
  pools: ReadonlyMap<string, CnsPool>,
  dataplane: Dataplane,
): readonly Intent[] {
  return [
    ...pods.flatMap((key) => forgetContainer(key, dataplane)),
    ...pods.map((key): Intent => ({ do: 'program', piece: 'pod', key, value: undefined })),
    ...Array.from(pools, ([key, value]): Intent => ({ do: 'program', piece: 'cnsPool', key, value })),
  ];
}

type Assigned =
  | { readonly addresses: readonly Address[] }
  | { readonly addresses: readonly Address[]; readonly pool: CnsPool }
  | { readonly error: string };

function askCns(pod: Pod, before: CnsPool, dataplane: Dataplane, at: Moment): Assigned {
  const { metadata } = pod;
  const holder = holderOf({ pod: keyOf(pod), uid: metadata.uid, createdAt: at }, dataplane);
  const pool = hasDefect(dataplane, 4497) ? before : withoutStale(before, pod, dataplane);
  const text = metadata.annotations?.[POD_IP_ANNOTATION];
  const wanted = text === undefined ? undefined : parseAddress(text);
  const isFree = wanted !== undefined && pool.addresses.get(wanted)?.state === 'Available';
  const assignment = requestAddresses(pool, holder, isFree ? [wanted] : []);
  if (!assignment.ok) return { error: assignment.error };
  if (hasDefect(dataplane, 885)) return assignment;
  // Another node's sandbox still has it: its kubelet has not heard yet that the node is gone.
  const taken = assignment.addresses.find(
    (address) => (dataplane.pod.at(address)?.uid ?? metadata.uid) !== metadata.uid,
  );
  return taken === undefined ? assignment : { error: `${formatAddress(taken)} is still in use` };
}

/** Gives back what earlier sandboxes of the pod have kept; one whose DEL is still to come keeps its address until then. */
function withoutStale(pool: CnsPool, pod: Pod, { lateDelete: late }: Dataplane): CnsPool {
  const own = `${pod.metadata.uid}@`;
  let left = pool;
  for (const { pod: holder } of pool.addresses.values())
    if (holder?.startsWith(own) === true && holder !== late.get(keyOf(pod))) left = releaseAddresses(left, holder);
  return left;
}

/** From the node's blocks: one address of each family, at the same place. */
function chooseAddresses(pod: Pod, node: Node, dataplane: Dataplane): Assigned {
  const cidrs = podCidrsOf(node);
  const cidr = cidrOfFamily(cidrs, 4);
  const { bridge } = dataplane.node.get(node.metadata.name) ?? {};
  const address = cidr === undefined ? undefined : chooseIpv4(pod, node, cidr, bridge, dataplane);
  if (cidr === undefined || address === undefined) return { error: shortageOf(node, bridge !== undefined) };
  const ipv6 = cidrOfFamily(cidrs, 6);
  const place = address - (cidr.network as Ipv4);
  return { addresses: ipv6 === undefined ? [address] : [address, addressPlus(ipv6.network, place)] };
}

function cidrOfFamily(cidrs: readonly Cidr[], family: Family): Cidr | undefined {
  // For every pod: no closure.
  for (let i = 0; i < cidrs.length; i++) if (cidrs[i]!.family === family) return cidrs[i];
  return undefined;
}

function chooseIpv4(pod: Pod, node: Node, cidr: Cidr, bridge: Address | undefined, dataplane: Dataplane) {
  const block = { first: cidr.network as Ipv4, size: sizeOf(cidr) };
  // host-local keeps the network's address, the bridge's and the broadcast address.
  const usable = bridge === undefined ? block : { first: block.first + 2, size: block.size - 3 };
  const text = pod.metadata.annotations?.[POD_IP_ANNOTATION];
  const wanted = text === undefined ? undefined : (parseAddress(text) as Ipv4 | undefined);
  const isInside = wanted !== undefined && wanted >= usable.first && wanted < usable.first + usable.size;
  if (isInside && dataplane.pod.at(wanted) === undefined) return wanted;
  return dataplane.pod.freeAddress(node.metadata.name, [usable]);
}

const read = new WeakMap<Node['spec'], readonly Cidr[]>();

/** The node's pod CIDRs. Asked for each of its pods: read from a spec once. */
export function podCidrsOf({ spec }: Node): readonly Cidr[] {
  let cidrs = read.get(spec);
  if (cidrs === undefined) {
    const texts = spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR]);
    cidrs = texts.map(parseCidr).filter((cidr) => cidr !== undefined);
    read.set(spec, cidrs);
  }
  return cidrs;
}

function shortageOf({ metadata, spec }: Node, isBridged: boolean): string {
  if (isBridged) return `no IP addresses available in range set: ${spec.podCIDR}`;
  return `not enough IPs available of type IPv4 for ${metadata.uid}, waiting on Azure CNS to allocate more with NC Status: `;
}

function refused(pod: Pod, node: Node, error: string, at: Moment): readonly Intent[] {
  const afterMs = Math.min(Math.max(at - assignedAt(pod), RETRY_FIRST_MS), RETRY_LONGEST_MS);
  return [
    {
      do: 'event',
      about: pod,
      type: 'Warning',
      reason: 'FailedCreatePodSandBox',
      message: exhaustedMessage(pod, error),
      host: node.metadata.name,
    },
    { do: 'again', afterMs },
  ];
}

/** When the pod came to its node, in whole seconds. */
export function assignedAt({ metadata, status }: Pod): Moment {
  const scheduled = findCondition(status.conditions, 'PodScheduled');
  const since = scheduled?.status === 'True' ? scheduled.lastTransitionTime : undefined;
  return momentOf(since ?? metadata.creationTimestamp);
}

/** The identifiers in it, which are random on a real node, are made of the pod's uid. */
function exhaustedMessage({ metadata }: Pod, error: string): string {
  const container = metadata.uid.replaceAll('-', '').padEnd(32, '0').repeat(2).slice(0, 64);
  const failed =
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox ' +
    `"${container}": plugin `;
  if (error.startsWith('no IP addresses')) return `${failed}type="bridge" name="kubenet" failed (add): ${error}`;
  const context = JSON.stringify({ PodName: metadata.name, PodNamespace: metadata.namespace });
  const request =
    `[IPConfigRequest: DesiredIPAddress , PodInterfaceID ${container.slice(0, 8)}-eth0, ` +
    `InfraContainerID ${container}, OrchestratorContext ${context}]`;
  return (
    `${failed}type="azure-vnet" failed (add): IPAM Invoker Add failed with error: ` +
    `Failed to get IP address from CNS: AllocateIPConfig failed: ${error}, IP config request is ${request}`
  );
}
