/** schema: the fields of every kind, and of all that lies in them. */
import type { Kind } from '../../model/index.ts';
import { AZURE } from './azure.ts';
import { CONTAINERS } from './containers.ts';
import { METADATA } from './metadata.ts';
import { MULTICLUSTER } from './multicluster.ts';
import { OBJECTS } from './objects.ts';
import { PODS } from './pods.ts';
import { parseStructs, type Struct } from './struct.ts';
import { VOLUMES } from './volumes.ts';
import { WORKLOADS } from './workloads.ts';

export * from './struct.ts';

const STRUCTS = parseStructs(METADATA + OBJECTS + WORKLOADS + PODS + CONTAINERS + VOLUMES + AZURE + MULTICLUSTER);

/** The type of a kind's objects. */
export function structOf(kind: Kind): Struct {
  return structNamed(kind);
}

export function structNamed(name: string): Struct {
  const struct = STRUCTS.get(name);
  if (struct === undefined) throw new Error(`no such type: ${name}`);
  return struct;
}
