/**
 * From a service port to its endpoints. Without affinity one rule does it all; with it, each endpoint has a chain, which
 * remembers the client in the endpoint's own set.
 * Source: kubernetes pkg/proxy/nftables/proxier.go (writeServiceToEndpointRules).
 */
import type { NftChain, NftRule, NftSet, ServiceEndpoint, ServicePortRecord } from '../../../src/dataplane/index.ts';
import { affinitySetName, endpointNameBase } from './names.ts';
import type { SharedParts } from './shared-parts.ts';
import { doing, goTo, isIn, LazyChain, matches, rule } from './statement.ts';

/** What endpoints have of their own: by their index in `endpoints`. */
export interface EndpointParts {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly chains: readonly NftChain[];
  readonly sets: readonly NftSet[];
}

/** Remembers clients, each until its timeout; the ruleset itself puts nobody in. */
class AffinitySet implements NftSet {
  readonly kind = 'set';
  readonly type: NftSet['type'];
  readonly flags = ['dynamic', 'timeout'] as const;
  readonly timeoutSeconds: number;
  readonly elements = [];
  readonly #makeName: () => string;
  #name: string | undefined;

  constructor(parts: SharedParts, timeoutSeconds: number, makeName: () => string) {
    this.type = [parts.family === 4 ? 'ipv4_addr' : 'ipv6_addr'];
    this.timeoutSeconds = timeoutSeconds;
    this.#makeName = makeName;
  }

  get name(): string {
    this.#name ??= this.#makeName();
    return this.#name;
  }

  find(): undefined {
    return undefined;
  }
}

/** None without affinity. */
export function endpointParts(
  parts: SharedParts,
  port: ServicePortRecord,
  endpoints: readonly ServiceEndpoint[],
): EndpointParts {
  if (port.affinitySeconds === 0) return { endpoints, chains: [], sets: [] };
  const sets = endpoints.map(
    (endpoint) => new AffinitySet(parts, port.affinitySeconds, () => affinitySetName(port, endpoint)),
  );
  const chains = endpoints.map(
    (endpoint, i) =>
      new LazyChain(
        () => `endpoint-${endpointNameBase(port, endpoint)}`,
        () => endpointRules(port, endpoint, sets[i]!),
      ),
  );
  return { endpoints, chains, sets };
}

function endpointRules(port: ServicePortRecord, endpoint: ServiceEndpoint, set: NftSet): readonly NftRule[] {
  const to = { address: endpoint.address, port: endpoint.port };
  return [
    rule(undefined, { statement: 'update', set, selector: 'saddr' }),
    rule(undefined, matches('l4proto', port.protocol), { statement: 'dnat', to }),
  ];
}

/** Clients that an endpoint remembers go to it; others are spread evenly. */
export function loadBalancingRules(
  port: ServicePortRecord,
  chosen: readonly ServiceEndpoint[],
  { endpoints, chains, sets }: EndpointParts,
): readonly NftRule[] {
  if (port.affinitySeconds === 0) {
    const to = chosen.map((endpoint) => ({ address: endpoint.address, port: endpoint.port }));
    return [rule(undefined, matches('l4proto', port.protocol), { statement: 'dnat by numgen', to })];
  }
  const positions = new Map(endpoints.map((endpoint, i) => [endpoint, i]));
  const indexes = chosen.map((endpoint) => positions.get(endpoint)!);
  return [
    ...indexes.map((i) => rule(undefined, isIn(['saddr'], sets[i]!), doing(goTo(chains[i]!)))),
    rule(undefined, { statement: 'numgen', verdicts: indexes.map((i) => goTo(chains[i]!)) }),
  ];
}
