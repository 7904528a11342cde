/**
 * Hints: which zones and nodes an endpoint should serve, by the Service's trafficDistribution. kube-proxy follows them.
 * Source: k8s.io/endpointslice trafficdist/trafficdist.go, topologycache/utils.go (`RemoveHintsFromSlices`); KEP-4444, KEP-3015.
 * The older annotation, which has precedence, is in topology-hints.ts.
 */
import type { Endpoint, EndpointSlice, Service } from '../../src/model/index.ts';
import type { Plan } from './plan.ts';

type Distribution = 'zone' | 'zone-and-node' | 'none';

function distributionOf({ spec }: Service): Distribution {
  switch (spec.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return 'zone';
    case 'PreferSameNode':
      return 'zone-and-node';
    default:
      return 'none';
  }
}

function hintsOf({ zone, nodeName }: Endpoint, distribution: Distribution): Endpoint['hints'] {
  const forZones = distribution === 'none' || zone === undefined ? undefined : [{ name: zone }];
  const forNodes = distribution !== 'zone-and-node' || nodeName === undefined ? undefined : [{ name: nodeName }];
  if (forZones === undefined && forNodes === undefined) return undefined;
  return { ...(forZones === undefined ? {} : { forZones }), ...(forNodes === undefined ? {} : { forNodes }) };
}

type Names = readonly { readonly name: string }[];

function sameNames(a: Names = [], b: Names = []): boolean {
  return a.length === b.length && a.every(({ name }, i) => name === b[i]?.name);
}

/** The endpoint with the hints it should have: itself where it has them. One that is not ready keeps what it has. */
function hinted(endpoint: Endpoint, distribution: Distribution): Endpoint {
  const isLeft = distribution === 'none' ? endpoint.hints === undefined : endpoint.conditions.ready !== true;
  if (isLeft) return endpoint;
  const { hints: before, ...rest } = endpoint;
  const hints = hintsOf(endpoint, distribution);
  if (hints === undefined) return before === undefined ? endpoint : rest;
  const isSame = sameNames(before?.forZones, hints.forZones) && sameNames(before?.forNodes, hints.forNodes);
  return isSame ? endpoint : { ...rest, hints };
}

function hasHints({ endpoints }: EndpointSlice): boolean {
  if (endpoints !== undefined && endpoints !== null)
    for (let i = 0; i < endpoints.length; i++) if (endpoints[i]!.hints !== undefined) return true;
  return false;
}

/** The plan with hints on all that it writes, and with the slices written that have other hints than they should. */
export function withHints(plan: Plan, existing: readonly EndpointSlice[], service: Service): Plan {
  const distribution = distributionOf(service);
  if (distribution === 'none' && !existing.some(hasHints)) return plan;
  const all = (endpoints: readonly Endpoint[]) => endpoints.map((endpoint) => hinted(endpoint, distribution));
  const touched = new Set([...plan.update.map(({ slice }) => slice), ...plan.delete]);
  const stale = existing.filter(
    (slice) =>
      !touched.has(slice) && (slice.endpoints ?? []).some((endpoint) => hinted(endpoint, distribution) !== endpoint),
  );
  return {
    create: plan.create.map(({ ports, endpoints }) => ({ ports, endpoints: all(endpoints) })),
    update: [...plan.update, ...stale.map((slice) => ({ slice, endpoints: slice.endpoints ?? [] }))].map(
      ({ slice, endpoints }) => ({ slice, endpoints: all(endpoints) }),
    ),
    delete: plan.delete,
  };
}
