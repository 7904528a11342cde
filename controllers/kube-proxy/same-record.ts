/**
 * Keeps what did not change of a Service: equal endpoints and ports stay the same objects, so that whatever was made from
 * them (chains, above all) stays too.
 */

import type { ServiceEndpoint, ServicePortRecord, ServiceRecord } from '../../src/dataplane/index.ts';
import { isEqual } from '../../src/model/index.ts';

/** As `isEqual`, for each of a Service's endpoints whenever one of them changes. */
function sameEndpoint(a: ServiceEndpoint, b: ServiceEndpoint): boolean {
  return (
    a.text === b.text &&
    a.ready === b.ready &&
    a.serving === b.serving &&
    a.terminating === b.terminating &&
    a.nodeName === b.nodeName &&
    a.address === b.address &&
    a.port === b.port &&
    isEqual(a.zoneHints, b.zoneHints) &&
    isEqual(a.nodeHints, b.nodeHints)
  );
}

function keepEndpoints(before: readonly ServiceEndpoint[], after: readonly ServiceEndpoint[]) {
  if (before.length === 0) return after;
  const known = new Map(before.map((endpoint) => [endpoint.text, endpoint]));
  return after.map((endpoint) => {
    const same = known.get(endpoint.text);
    return same !== undefined && sameEndpoint(same, endpoint) ? same : endpoint;
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
