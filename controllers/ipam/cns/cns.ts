/**
 * CNS: keeps each node's pool of addresses as its NodeNetworkConfig says, and asks for more, or for less. One controller plays
 * the CNS of all nodes.
 * Source: Azure/azure-container-networking cns/kubecontroller/nodenetworkconfig/reconciler.go, cns/service/main.go
 * (`InitializeCRDState`), cns/ipampool.
 */
import {
  type CnsPool,
  hasDefect,
  markExactlyPendingRelease,
  markPendingRelease,
} from '../../../src/dataplane/index.ts';
import {
  fileByNodeName,
  isPodTerminal,
  type Key,
  type Moment,
  type NetworkContainer,
  type NodeNetworkConfig,
  POD_NETWORK_SUBNET_LABEL,
  podNetworkOf,
  type Scaler,
} from '../../../src/model/index.ts';
import type { Controller, Intent, View } from '../../../src/reconcile/index.ts';
import { MONITOR_EVERY_MS, poolStep } from './pool-monitor.ts';
import { poolStepV2 } from './pool-monitor-v2.ts';
import {
  containerOf,
  countIn,
  isBeingProgrammed,
  namesPendingRelease,
  poolOf,
  programmed,
  samePool,
} from './pool-state.ts';
import { DEFAULT_SCALER, thresholdsOf } from './scaler.ts';

export interface CnsOptions {
  /** `EnableIPAMv2`: the pool follows the pods on the node, not the addresses they have got */
  readonly enableIPAMv2: boolean;
}

const NAMESPACE = 'kube-system';
/** Version 2 looks at least so often; and again so long after it could not give back what it should. */
const RETRY_V2_MS = 60_000;

const keyOfConfig = (node: string): Key => `${NAMESPACE}/${node}`;

export function cns(options: CnsOptions): Controller {
  return {
    name: 'azure-cns',
    program: 'azure-cns',
    watches: {
      NodeNetworkConfig: ({ metadata }) => [metadata.name],
      Node: (node) => (podNetworkOf(node) === undefined ? [] : [node.metadata.name]),
      Pod: ({ spec }) => (options.enableIPAMv2 && spec.nodeName !== undefined ? [spec.nodeName] : []),
      ClusterSubnetState: ({ metadata }, view) => nodesIn(metadata.name, view),
    },
    indexes: {
      Pod: { nodeName: fileByNodeName },
      NodeNetworkConfig: { subnet: ({ metadata }) => [metadata.labels?.[POD_NETWORK_SUBNET_LABEL] ?? ''] },
    },
    pieces: { cnsPool: (node) => [node] },
    leftovers: ({ dataplane }) => dataplane.cnsPool.keys(),
    reconcile(view, node, at) {
      const config = view.get('NodeNetworkConfig', keyOfConfig(node));
      const container = containerOf(config);
      const before = view.dataplane.cnsPool.get(node);
      const owner = view.get('Node', node);
      const isOwn = config?.metadata.ownerReferences?.some(({ uid }) => uid === owner?.metadata.uid) === true;
      // A config of an earlier node of this name is not for this one.
      const takesAny = hasDefect(view.dataplane, 4210);
      const isMeant = owner !== undefined && (isOwn || takesAny);
      if (container === undefined && owner !== undefined && takesAny) return [];
      if (config === undefined || container === undefined || !isMeant)
        return before === undefined ? [] : [{ do: 'program', piece: 'cnsPool', key: node, value: undefined }];
      return new NodePool({ node, config, container, isOwn, view, at, options }).reconcile(before);
    },
  };
}

function nodesIn(subnet: string, view: View): readonly string[] {
  return [...view.byIndex('NodeNetworkConfig', 'subnet', subnet)].map(({ metadata }) => metadata.name).sort();
}

interface Look {
  readonly node: string;
  readonly config: NodeNetworkConfig;
  readonly container: NetworkContainer;
  /** whether the config was made for this node, and not for an earlier one of its name */
  readonly isOwn: boolean;
  readonly view: View;
  readonly at: Moment;
  readonly options: CnsOptions;
}

/** One look at one node's pool. */
class NodePool {
  readonly #look: Look;

  constructor(look: Look) {
    this.#look = look;
  }

  reconcile(before: CnsPool | undefined): readonly Intent[] {
    const { config, container, at, isOwn, options, view } = this.#look;
    // What is being given back is read only where pods are found, before the fix of 2022: after a reboot there are none.
    const notInUse = hasDefect(view.dataplane, 2022) ? [] : config.spec.ipsNotInUse;
    const keepsStale = hasDefect(view.dataplane, 4210);
    const told = poolOf({ container, isOwn, keepsStale, before, notInUse: new Set(notInUse) });
    const isOnTick = at % MONITOR_EVERY_MS === 0;
    // What the virtual network has programmed CNS learns at its next look at the host, a second later at most.
    const pool = isOnTick && before !== undefined && isOwn ? programmed(told, container.id ?? '') : told;
    const stored = before !== undefined && samePool(before, pool) ? before : pool;
    const scaled = container.assignmentMode === 'static' ? [] : this.#scale(stored, isOnTick || options.enableIPAMv2);
    const waits = (isOwn && isBeingProgrammed(pool, container.id ?? '')) || scaled === 'later';
    return [
      ...(stored === before || (scaled !== 'later' && scaled.length > 0) ? [] : [this.#store(stored)]),
      ...(scaled === 'later' ? [] : scaled),
      ...(waits ? [this.#atNextTick()] : []),
    ];
  }

  #store(value: CnsPool): Intent {
    return { do: 'program', piece: 'cnsPool', key: this.#look.node, value };
  }

  #atNextTick(): Intent {
    return { do: 'again', afterMs: MONITOR_EVERY_MS - (this.#look.at % MONITOR_EVERY_MS) };
  }

  /** What the pool monitor does about it: now, or at its next look. */
  #scale(pool: CnsPool, isDue: boolean): readonly Intent[] | 'later' {
    const { enableIPAMv2 } = this.#look.options;
    const intents = enableIPAMv2 ? this.#scaleV2(pool) : this.#scaleV1(pool);
    return intents.length === 0 || isDue ? intents : 'later';
  }

  #scaleV1(pool: CnsPool): readonly Intent[] {
    const { config } = this.#look;
    const { requestedIPCount, ipsNotInUse = [] } = config.spec;
    const counts = {
      total: pool.addresses.size,
      assigned: countIn(pool, 'Assigned'),
      pendingRelease: countIn(pool, 'PendingRelease'),
      releasable: countIn(pool, 'Available') + countIn(pool, 'PendingProgramming'),
    };
    const thresholds = thresholdsOf(this.#scaler, this.#isExhausted);
    const step = poolStep(thresholds, counts, { requestedIPCount, ipsNotInUse: ipsNotInUse.length });
    if (step.do === 'nothing') return [];
    const marked = step.do === 'decrease' ? markPendingRelease(pool, step.markPendingRelease).pool : pool;
    return this.#write(marked, step.requestedIPCount);
  }

  #scaleV2(pool: CnsPool): readonly Intent[] {
    const { config, node, view } = this.#look;
    const { batchSize: batch, maxIPCount: max, requestThresholdPercent } = this.#scaler;
    const scaler = { batch, max, buffer: requestThresholdPercent / 100, exhausted: this.#isExhausted };
    const step = poolStepV2(scaler, podsOn(node, view), config.spec.requestedIPCount);
    if (step.do === 'nothing') return [];
    const marked = markExactlyPendingRelease(pool, step.markPendingRelease);
    if ('error' in marked) return [{ do: 'again', afterMs: RETRY_V2_MS }];
    return this.#write(marked, step.requestedIPCount);
  }

  /** Marks before it writes: an address that is listed as not in use must not go to a pod any more. */
  #write(pool: CnsPool, requestedIPCount: number): readonly Intent[] {
    const { config, container, node } = this.#look;
    const ipsNotInUse = namesPendingRelease(container, pool);
    const patch = { spec: { requestedIPCount, ipsNotInUse: ipsNotInUse.length === 0 ? null : ipsNotInUse } };
    const precondition = { uid: config.metadata.uid };
    return [this.#store(pool), { do: 'patch', kind: 'NodeNetworkConfig', key: keyOfConfig(node), patch, precondition }];
  }

  get #scaler(): Scaler {
    return this.#look.config.status?.scaler ?? DEFAULT_SCALER;
  }

  get #isExhausted(): boolean {
    const { container, view } = this.#look;
    const state = view.get('ClusterSubnetState', `${NAMESPACE}/${container.subnetName ?? ''}`);
    return state?.status?.exhausted === true;
  }
}

/** Pods that want an address of the node: those that are there and do not share its network. */
function podsOn(node: string, view: View): number {
  let count = 0;
  for (const pod of view.byIndex('Pod', 'nodeName', node))
    if (pod.spec.hostNetwork !== true && !isPodTerminal(pod)) count++;
  return count;
}
