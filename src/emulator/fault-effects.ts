/** What each fault does to the running cluster. */
import { kubelet } from '../../controllers/index.ts';
import type { Dataplane, Program } from '../dataplane/index.ts';
import { type Moment, type Pod, timestampOf } from '../model/index.ts';
import type { Cloud } from './cloud/cloud.ts';
import type { Fault } from './contract.ts';
import { lostSandboxes, wokenBy } from './lost-sandboxes.ts';
import type { Programs } from './programs.ts';
import type { ServiceVersions } from './service-versions.ts';
import { NoSuchTargetError, type Traffic } from './traffic.ts';

export interface FaultTargets {
  readonly now: Moment;
  readonly programs: Programs;
  readonly services: ServiceVersions;
  readonly traffic: Traffic;
  readonly cloud: Cloud | undefined;
  readonly dataplane: () => Dataplane;
  readonly program: (change: Program) => void;
  readonly pods: () => readonly Pod[];
  readonly annotateNode: (node: string, annotations: Readonly<Record<string, string | null>>) => void;
}

/** Throws a `NoSuchTargetError` where the fault is of a cloud, and the cluster is in none. */
export function inflict(fault: Fault, targets: FaultTargets): void {
  const { now, programs, services, traffic } = targets;
  switch (fault.fault) {
    case 'lag':
      if (fault.node === undefined) programs.setLag(fault.program, fault.lagMs);
      else services.setLag(fault.node, fault.lagMs, now);
      return;
    case 'crash':
      programs.crash(fault.program, fault.downMs);
      return;
    case 'crash-after':
      programs.crashAfter(fault.program, fault.intents);
      return;
    case 'disconnect':
      programs.named(fault.program).reconnect();
      return;
    case 'node-down': {
      const since = fault.down ? timestampOf(now) : null;
      targets.annotateNode(fault.node, { [kubelet.KUBELET_DOWN_SINCE]: since });
      return;
    }
    case 'conntrack-race':
      traffic.race(fault.node, fault.on);
      return;
    case 'cloud-throttled':
      operationsOf(targets).throttle(fault.forMs);
      return;
    case 'cloud-fails':
      operationsOf(targets).fail(fault);
      return;
    case 'sandbox-lost':
    case 'reboot':
      for (const change of lostSandboxes(fault, targets.dataplane())) targets.program(change);
      for (const { program, key } of wokenBy(fault, targets.pods())) programs.wake(program, key);
      return;
    default:
      throw new Error(`unknown fault ${JSON.stringify(fault satisfies never)}`);
  }
}

function operationsOf({ cloud }: FaultTargets): Cloud['operations'] {
  if (cloud === undefined) throw new NoSuchTargetError('the cluster is in no cloud; spec.azure puts it into one');
  return cloud.operations;
}
