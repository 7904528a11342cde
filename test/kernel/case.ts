/** What is drawn: a cluster, its Services, and packets. Small numbers that refer to each other, so that any of them may shrink. */
import fc from 'fast-check';
import type { Loader } from './plan.ts';

export const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
export type DrawnProtocol = (typeof PROTOCOLS)[number];

/** Pods of one app carry the label that a Service selects by, and listen on the app's port in every protocol. */
export interface DrawnPod {
  readonly app: number;
  /** counted round the nodes */
  readonly node: number;
  readonly state: 'ready' | 'unready' | 'terminating' | 'terminating-unready';
  readonly hostNetwork: boolean;
}

export interface DrawnService {
  readonly app: number;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  readonly protocols: readonly DrawnProtocol[];
  /** false: the target port is one on which nobody listens */
  readonly open: boolean;
  readonly affinity: boolean;
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  readonly externalIP: boolean;
  readonly ingress: 'none' | 'VIP' | 'Proxy';
  readonly sourceRanges: 'none' | 'outside' | 'nodes' | 'pods';
}

export interface DrawnPacket {
  /** counted round the senders, or the packet of which this repeats the addresses and ports */
  readonly from: number;
  /** counted round the destinations */
  readonly to: number;
  readonly protocol: DrawnProtocol;
  /** of the source port */
  readonly port: 'ephemeral' | 'below 512' | 'below 1024' | 'as before';
  readonly kind: 'opens' | 'acknowledges' | 'resets';
  /** whether a UDP or SCTP server answers */
  readonly answered: boolean;
}

export interface Case {
  readonly nodes: number;
  /** which program loads the rules */
  readonly loader: Loader;
  readonly pods: readonly DrawnPod[];
  readonly services: readonly DrawnService[];
  readonly packets: readonly DrawnPacket[];
}

const APPS = 3;
const PACKETS_MAX = 600;

/** The first of them mostly, and what a case shrinks to. */
function mostly<T>(weight: number, first: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight, arbitrary: fc.constant(first) },
    { weight: 1, arbitrary: fc.constantFrom(first, ...others) },
  );
}

const aPod: fc.Arbitrary<DrawnPod> = fc.record({
  app: fc.nat(APPS - 1),
  node: fc.nat(3),
  state: mostly<DrawnPod['state']>(2, 'ready', 'unready', 'terminating', 'terminating-unready'),
  hostNetwork: mostly(6, false, true),
});

const aService: fc.Arbitrary<DrawnService> = fc.record({
  app: fc.nat(APPS),
  type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
  protocols: fc.subarray([...PROTOCOLS], { minLength: 1 }),
  open: mostly(6, true, false),
  affinity: mostly(3, false, true),
  externalTrafficPolicy: mostly<'Cluster' | 'Local'>(1, 'Cluster', 'Local'),
  internalTrafficPolicy: mostly<'Cluster' | 'Local'>(2, 'Cluster', 'Local'),
  externalIP: mostly(2, false, true),
  ingress: mostly<DrawnService['ingress']>(4, 'VIP', 'none', 'Proxy'),
  sourceRanges: mostly<DrawnService['sourceRanges']>(3, 'none', 'outside', 'nodes', 'pods'),
});

const aPacket: fc.Arbitrary<DrawnPacket> = fc.record({
  from: fc.nat(997),
  to: fc.nat(9973),
  protocol: fc.constantFrom(...PROTOCOLS),
  port: mostly<DrawnPacket['port']>(10, 'ephemeral', 'below 512', 'below 1024', 'as before'),
  kind: mostly<DrawnPacket['kind']>(12, 'opens', 'acknowledges', 'resets'),
  answered: fc.boolean(),
});

/** `loaders` are those of the mode that the machine has. */
export function aCase(loaders: readonly Loader[]): fc.Arbitrary<Case> {
  return fc.record({
    nodes: fc.integer({ min: 1, max: 4 }),
    loader: fc.constantFrom(...loaders),
    pods: fc.array(aPod, { maxLength: 12, size: 'max' }),
    services: fc.array(aService, { maxLength: 8, size: 'max' }),
    packets: fc.array(aPacket, { minLength: 1, maxLength: PACKETS_MAX, size: 'max' }),
  });
}
