/** A step of a script in one line. */
import type { AksOperation, Fault } from '../emulator/index.ts';
import { formatCloudPath } from './cloud-path.ts';
import { formatDuration } from './duration.ts';
import { formatReference } from './reference.ts';
import type { ResolveStep } from './schema.ts';
import type { Action, Step } from './step.ts';

export function describeStep({ action, title }: Step): string {
  return title === undefined ? describeAction(action) : `${title} (${describeAction(action)})`;
}

function describeAction(action: Action): string {
  switch (action.verb) {
    case 'apply':
      return `apply ${action.sources.join(', ')}`;
    case 'settle':
      return 'settle';
    case 'advance':
      return `advance ${formatDuration(action.ms)}`;
    case 'resolve':
      return describeResolve(action.request);
    case 'send': {
      const { from, to, count, sourcePort, idle, keepAlive } = action.request;
      const port = sourcePort === undefined ? '' : ` port ${sourcePort}`;
      const often = count === undefined ? '' : `, ${count} times`;
      const silent = idle === undefined ? '' : `, idle for ${idle}`;
      return `send from ${from}${port} to ${to}${often}${silent}${keepAlive === undefined ? '' : `, kept alive each ${keepAlive}`}`;
    }
    case 'fault':
      return `fault ${action.faults.map(describeFault).join(', ')}`;
    case 'scale':
      return `scale ${action.targets.map(({ target, replicas }) => `${formatReference(target)} to ${replicas}`).join(', ')}`;
    case 'aks':
      return action.requests.map(({ operation }) => describeOperation(operation)).join(', ');
    case 'delete':
      return `delete ${action.targets.map(formatReference).join(', ')}${action.gracePeriodSeconds === undefined ? '' : ` with grace ${action.gracePeriodSeconds}s`}`;
    case 'patch':
      return `patch ${action.patches.map(({ target, patch }) => `${formatReference(target)} ${JSON.stringify(patch)}`).join(', ')}`;
    case 'az':
      return action.changes
        .map(({ path, body }) => `az ${body === undefined ? 'delete' : 'put'} ${formatCloudPath(path)}`)
        .join(', ');
    case 'cordon':
    case 'uncordon':
      return `${action.verb} node/${action.node}`;
    case 'assert': {
      const { kind, metadata, absent } = action.expected;
      const name = (metadata as { name?: string }).name;
      return `assert ${kind}${name === undefined ? '' : ` ${name}`}${absent === true ? ' absent' : ''}`;
    }
    default: {
      const impossible: never = action;
      throw new Error(`no action is ${JSON.stringify(impossible)}`);
    }
  }
}

function describeOperation(operation: AksOperation): string {
  switch (operation.do) {
    case 'scale': {
      const { pool, count, by } = operation;
      return `scale node pool ${pool} to ${count}${by === 'aks' ? '' : `, by the ${by}`}`;
    }
    case 'upgrade':
      return `upgrade node pool ${operation.pool}`;
    case 'update-pool':
      return `let node pool ${operation.pool} grow to ${operation.maxCount}`;
    case 'expand':
      return `expand podCidr to ${operation.podCidr}`;
    case 'drain':
    case 'replace':
      return `${operation.do} node/${operation.node}`;
    default:
      throw new Error(`no operation is ${JSON.stringify(operation satisfies never)}`);
  }
}

function describeFault(fault: Fault): string {
  switch (fault.fault) {
    case 'lag':
      return `${fault.program}${fault.node === undefined ? '' : ` on ${fault.node}`} hears of changes ${formatDuration(fault.lagMs)} late`;
    case 'crash':
      return `${fault.program} is down for ${formatDuration(fault.downMs)}`;
    case 'crash-after':
      return `${fault.program} dies after ${fault.intents} more intents`;
    case 'disconnect':
      return `the watches of ${fault.program} break`;
    case 'sandbox-lost':
      return `the sandbox of pod/${fault.pod} dies, its DEL ${fault.del === 'late' ? 'comes late' : 'is skipped'}`;
    case 'reboot':
      return `${fault.node} starts anew`;
    case 'node-down':
      return `${fault.node} ${fault.down ? 'goes down' : 'comes back'}`;
    case 'conntrack-race':
      return `packets sent at once ${fault.on ? 'race' : 'do not race any more'} through conntrack on ${fault.node}`;
    case 'cloud-throttled':
      return `Azure refuses calls for ${formatDuration(fault.forMs)}`;
    case 'cloud-fails':
      return `Azure fails ${fault.times} operations on ${fault.resource ?? 'anything'}`;
    default: {
      const impossible: never = fault;
      throw new Error(`no fault is ${JSON.stringify(impossible)}`);
    }
  }
}

function describeResolve({ name, type, from, server }: ResolveStep): string {
  const what = type === undefined ? name : `${name} ${type}`;
  return `resolve ${what} from ${from}${server === undefined ? '' : ` at ${server}`}`;
}
