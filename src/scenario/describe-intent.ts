/** What a controller decided to do, in a few words. */
import type { Happening } from '../emulator/index.ts';
import { azure, keyOf } from '../model/index.ts';
import { formatDuration } from './duration.ts';
import { oneLine } from './one-line.ts';

export type Intent = Extract<Happening, { what: 'reconcile' }>['intents'][number];

const INTENTS_MAX = 6;

export function describeIntents(intents: readonly Intent[]): string {
  if (intents.length === 0) return 'nothing to do';
  const more = intents.length - INTENTS_MAX;
  return [...intents.slice(0, INTENTS_MAX).map(describeIntent), ...(more > 0 ? [`${more} more`] : [])].join('; ');
}

function describeIntent(intent: Intent): string {
  switch (intent.do) {
    case 'create': {
      const { namespace, name, generateName } = intent.object.metadata;
      return `create ${intent.object.kind} ${keyOf({ metadata: named(name ?? `${generateName}*`, namespace) })}`;
    }
    case 'update':
      return `update ${intent.object.kind} ${keyOf(intent.object)}`;
    case 'update-status':
      return `update status of ${intent.object.kind} ${keyOf(intent.object)}`;
    case 'patch':
      return `patch ${intent.status === true ? 'status of ' : ''}${intent.kind} ${intent.key}`;
    case 'delete':
      return `delete ${intent.kind} ${intent.key}`;
    case 'bind':
      return `bind Pod ${intent.pod} to ${intent.node}`;
    case 'program':
      return `${intent.value === undefined ? 'forget' : 'program'} ${intent.piece} ${intent.key}`;
    case 'event':
      return `${intent.type} event ${intent.reason}: ${oneLine(intent.message)}`;
    case 'call':
      return `${intent.call.method} ${azure.nameInId(azure.idOfCall(intent.call))}`;
    case 'fail':
      return `fail: ${oneLine(intent.message)}`;
    case 'again':
      return `again in ${formatDuration(intent.afterMs)}`;
    default: {
      const impossible: never = intent;
      throw new Error(`no intent is ${JSON.stringify(impossible)}`);
    }
  }
}

function named(name: string, namespace: string | undefined): { name: string; namespace?: string } {
  return namespace === undefined ? { name } : { name, namespace };
}
