/** AKS's machines in the emulator: they come with a Node object and what Azure has given their network interface. */
import { CLUSTER_CIDR_FILE } from '../../controllers/index.ts';
import type { Dataplane, Program } from '../dataplane/index.ts';
import { type ClusterSettings, keyOf } from '../model/index.ts';
import type { Machinery } from './aks.ts';
import type { Emulator } from './emulator.ts';
import { forgottenInterface, interfacePieces } from './network-interface.ts';
import type { NewMachine, NodePools } from './node-pool.ts';
import { NoSuchTargetError } from './traffic.ts';

export interface MachineryParts {
  readonly emulator: Pick<Emulator, 'settings' | 'get' | 'list' | 'remove' | 'cordon' | 'settle'>;
  readonly pools: NodePools;
  createNode(manifest: object): void;
  deleteNode(name: string): void;
  /** what Azure does to a machine's network, beside what controllers program */
  program(change: Program): void;
  current(): Dataplane;
  /** the nodes go by other settings from now on */
  reconfigure(settings: ClusterSettings): void;
}

export function machineryOf(parts: MachineryParts): Machinery {
  const { emulator, pools } = parts;
  return {
    countOf: (pool) => pools.nodesOf(pool).length,
    nodesOf: (pool) => pools.nodesOf(pool),
    freeAddresses: (pool) => pools.freeAddresses(pool),
    resize(pool, count) {
      const { create, remove } = pools.resize(pool, count);
      for (const machine of create) add(machine, parts);
      for (const node of remove) takeAway(node, parts);
    },
    replace(node) {
      const machine = pools.again(node);
      if (machine === undefined) throw new NoSuchTargetError(`there is no node ${node}`);
      takeAway(node, parts);
      add(machine, parts);
    },
    drain: (node) => drain(node, parts),
    settle: () => void emulator.settle(),
    apply: ({ networkProfile: { podCidr } }) => expand(podCidr, parts),
  };
}

function add({ manifest, secondary }: NewMachine, { createNode, program }: MachineryParts): void {
  for (const change of interfacePieces(manifest.metadata.name, secondary)) program(change);
  createNode(manifest);
}

function takeAway(node: string, { current, deleteNode, program }: MachineryParts): void {
  deleteNode(node);
  for (const change of forgottenInterface(node, current())) program(change);
}

/** As kubectl drain: no more pods come, and those that are there are asked to go. */
function drain(node: string, { emulator }: MachineryParts): void {
  if (emulator.get('Node', node) === undefined) throw new NoSuchTargetError(`there is no node ${node}`);
  emulator.cordon(node, true);
  const pods = emulator.list('Pod').filter(({ spec }) => spec.nodeName === node);
  for (const pod of pods) emulator.remove('Pod', keyOf(pod));
}

/** Node IPAM, kube-proxy and ip-masq-agent are told of a larger pod range, as by a new configuration. */
function expand(podCidr: string | undefined, { emulator, program, reconfigure }: MachineryParts): void {
  const { settings } = emulator;
  if (podCidr === undefined || podCidr === settings.networkProfile.podCidr) return;
  reconfigure({ ...settings, networkProfile: { ...settings.networkProfile, podCidr } });
  program({ piece: 'file', key: CLUSTER_CIDR_FILE, value: podCidr });
}
