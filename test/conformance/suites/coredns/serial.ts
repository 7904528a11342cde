/** Replays which changes of an object move the SOA serial of which zone. */
import { z } from 'zod';
import { dnsPodOf, movedByImport, movedByPod, movedSerials } from '../../../../controllers/coredns/index.ts';
import type { EndpointSlice, KubernetesObject, Pod, Service, ServiceImport } from '../../../../src/model/index.ts';
import { compared, type Outcome } from './outcome.ts';
import { withStatus } from './query.ts';
import { common, corefileOptions, object } from './recording.ts';

const recordedObject = object.extend({
  kind: z.enum(['Service', 'Pod', 'EndpointSlice', 'ServiceImport']),
});

const serialShape = z.strictObject({
  ...common,
  title: z.string().optional(),
  old: recordedObject.nullable(),
  new: recordedObject.nullable(),
  expect: z
    .strictObject({ internal_changed: z.boolean(), external_changed: z.boolean(), multicluster_changed: z.boolean() })
    .partial(),
  corefile_options: corefileOptions.optional(),
});

type Watched = KubernetesObject | ServiceImport;

/** The serials that move when one object of a kind becomes another; either may be missing. */
function movedBy(before: Watched | undefined, after: Watched | undefined, zonal: boolean) {
  const kind = (before ?? after)!.kind;
  const none = { internal: false, external: false, multicluster: false };
  if (kind === 'Pod') {
    const [was, is] = [before, after].map((pod) => (pod === undefined ? undefined : dnsPodOf(pod as Pod)));
    return { ...none, internal: movedByPod(was, is) };
  }
  if (kind === 'ServiceImport') {
    const [was, is] = [before, after].map((one) => ({ serviceImport: one as ServiceImport | undefined, slices: [] }));
    return { ...none, multicluster: movedByImport(was, is) };
  }
  if (kind === 'EndpointSlice') {
    const [was, is] = [before, after].map((slice) => (slice === undefined ? [] : [slice as EndpointSlice]));
    const service = { service: undefined, serviceImport: undefined };
    const multicluster = movedByImport({ ...service, slices: was! }, { ...service, slices: is! });
    return { ...movedSerials({ ...service, slices: was! }, { ...service, slices: is! }, zonal), multicluster };
  }
  const [was, is] = [before, after].map((one) => (one === undefined ? undefined : withStatus(one as Service)));
  return { ...none, ...movedSerials({ service: was, slices: [] }, { service: is, slices: [] }, zonal) };
}

export function replaySerial(json: unknown): Outcome {
  const recorded = serialShape.parse(json);
  const options = recorded.corefile_options?.['kubernetes'] as { zonal?: boolean } | undefined;
  const [before, after] = [recorded.old, recorded.new].map((one) => (one ?? undefined) as Watched | undefined);
  const moved = movedBy(before, after, options?.zonal === true);
  const named = Object.keys(recorded.expect).map((name) => [
    name,
    moved[name.replace('_changed', '') as keyof typeof moved],
  ]);
  return compared(recorded.expect, Object.fromEntries(named), recorded.id);
}
