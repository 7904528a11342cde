/**
 * Keeps what did not change of a Service: equal endpoints and ports stay the same objects, so that whatever was made from
 * them (chains, above all) stays too.
 */

import type { ServiceEndpoint, ServicePortRecord, ServiceRecord } from '../../src/dataplane/index.ts';
import { isEqual } from '../../src/model/index.ts';

function keepEndpoints(before: readonly ServiceEndpoint[], after: readonly ServiceEndpoint[]) {
  const known = new Map(before.map((endpoint) => [endpoint.text, endpoint]));
  return after.map((endpoint) => {
    const same = known.get(endpoint.text);
    return same !== undefined && isEqual(same, endpoint) ? same : endpoint;
  });
}

function keepPort(before: ServicePortRecord | undefined, after: ServicePortRecord): ServicePortRecord {
  if (before === undefined) return after;
  const kept = { ...after, endpoints: keepEndpoints(before.endpoints, after.endpoints) };
  return isEqual(before, kept) ? before : kept;
}

function portKey({ name, protocol, clusterIP }: ServicePortRecord): string {
  return `${name}/${protocol}/${typeof clusterIP}`;
}

/** `after`, made of the parts of `before` wherever they are equal; `before` itself where nothing changed. */
export function keepUnchanged(before: ServiceRecord | undefined, after: ServiceRecord): ServiceRecord {
  if (before === undefined) return after;
  const known = new Map(before.ports.map((port) => [portKey(port), port]));
  const ports = after.ports.map((port) => keepPort(known.get(portKey(port)), port));
  const same = ports.length === before.ports.length && ports.every((port, i) => port === before.ports[i]);
  return same ? before : { key: after.key, ports };
}
