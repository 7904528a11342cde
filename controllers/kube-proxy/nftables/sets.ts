/**
 * The sets and maps that service ports put elements into. With 10,000 Services they are large, so they are not made for a
 * packet: the table of Services tells which service ports can have an element for it.
 */
import type {
  FiledPort,
  IdleAddresses,
  NftDatum,
  NftElement,
  NftSet,
  NftType,
  ServiceTable,
} from '../../../src/dataplane/index.ts';
import { type Address, type Family, familyOf, type ProtocolNumber } from '../../../src/model/index.ts';
import type { ServicePortRules, SetName } from './service-port-rules.ts';

/** What the sets read: one version of the table, and what one node makes of a service port. */
export interface SetSource {
  readonly services: ServiceTable;
  readonly family: Family;
  readonly nodeName: string;
  rulesFor(filed: FiledPort): ServicePortRules;
}

/** What a set is, apart from its elements. */
export type SetDefinition = Pick<NftSet, 'kind' | 'comment'> & {
  readonly key: readonly ('address' | Exclude<NftType, 'ipv4_addr' | 'ipv6_addr'>)[];
};

const AT_ADDRESS = ['address', 'inet_proto', 'inet_service'] as const;
const AT_PORT = ['inet_proto', 'inet_service'] as const;

const DEFINITIONS: { readonly [N in SetName | 'hairpin-connections' | 'nodeport-ips']: SetDefinition } = {
  'hairpin-connections': {
    kind: 'set',
    key: ['address', ...AT_ADDRESS],
    comment: 'service hairpin connections',
  },
  'cluster-ips': { kind: 'set', key: ['address'], comment: 'Active ClusterIPs' },
  'nodeport-ips': { kind: 'set', key: ['address'], comment: 'IPs that accept NodePort traffic' },
  'no-endpoint-services': {
    kind: 'map',
    key: AT_ADDRESS,
    comment: 'vmap to drop or reject packets to services with no endpoints',
  },
  'no-endpoint-nodeports': {
    kind: 'map',
    key: AT_PORT,
    comment: 'vmap to drop or reject packets to service nodeports with no endpoints',
  },
  'firewall-ips': {
    kind: 'map',
    key: AT_ADDRESS,
    comment: 'destinations that are subject to LoadBalancerSourceRanges',
  },
  'service-ips': { kind: 'map', key: AT_ADDRESS, comment: 'ClusterIP, ExternalIP and LoadBalancer IP traffic' },
  'service-nodeports': { kind: 'map', key: AT_PORT, comment: 'NodePort traffic' },
};

/** What a set of a family says of itself: every node and version has the same. */
class Declared {
  readonly name: keyof typeof DEFINITIONS;
  readonly type: readonly NftType[];

  constructor(name: keyof typeof DEFINITIONS, family: Family) {
    this.name = name;
    this.type = DEFINITIONS[name].key.map((field) =>
      field === 'address' ? (family === 4 ? 'ipv4_addr' : 'ipv6_addr') : field,
    );
  }
}

const NAMES = Object.keys(DEFINITIONS) as readonly (keyof typeof DEFINITIONS)[];

function declaredOf(family: Family): ReadonlyMap<keyof typeof DEFINITIONS, Declared> {
  return new Map(NAMES.map((name) => [name, new Declared(name, family)]));
}

const DECLARED = { 4: declaredOf(4), 6: declaredOf(6) } as const;

abstract class DefinedSet implements NftSet {
  readonly #declared: Declared;

  constructor(name: keyof typeof DEFINITIONS, family: Family) {
    this.#declared = DECLARED[family].get(name)!;
  }

  get name(): keyof typeof DEFINITIONS {
    return this.#declared.name;
  }

  get kind(): NftSet['kind'] {
    return DEFINITIONS[this.name].kind;
  }

  get type(): readonly NftType[] {
    return this.#declared.type;
  }

  get comment(): string {
    return DEFINITIONS[this.name].comment ?? '';
  }

  abstract get elements(): readonly NftElement[];
  abstract find(key: readonly NftDatum[]): NftElement | undefined;
}

/** The addresses that node ports answer on. */
export class AddressSet extends DefinedSet {
  override readonly elements: readonly NftElement[];

  constructor(name: keyof typeof DEFINITIONS, family: Family, addresses: readonly Address[]) {
    super(name, family);
    this.elements = addresses.map((address) => ({ key: [address] }));
  }

  override find([address]: readonly NftDatum[]): NftElement | undefined {
    return this.elements.find(({ key }) => key[0] === address);
  }
}

/** Where two service ports have an element of the same key, the one later by name has it. */
export class ServiceSet extends DefinedSet {
  readonly #source: SetSource;

  constructor(name: SetName, source: SetSource) {
    super(name, source.family);
    this.#source = source;
  }

  override get name(): SetName {
    return super.name as SetName;
  }

  /** made anew each time: for printers */
  override get elements(): readonly NftElement[] {
    const { services, family } = this.#source;
    const byKey = new Map<string, NftElement>();
    for (const filed of services.ports(family))
      for (const element of this.#elementsOf(filed)) byKey.set(element.key.join(' '), element);
    return [...byKey.values()];
  }

  /** those of Services: node ports are not asked for an address */
  get idle(): IdleAddresses | undefined {
    const { services } = this.#source;
    return this.type[0] === 'inet_proto' ? undefined : services.unclaimed;
  }

  override find(key: readonly NftDatum[]): NftElement | undefined {
    let found: NftElement | undefined;
    for (const filed of this.#portsAt(key))
      for (const element of this.#elementsOf(filed)) if (element.key[0] === key[0]) found = element;
    return found;
  }

  #elementsOf(filed: FiledPort): readonly NftElement[] {
    return this.#source.rulesFor(filed).elementsIn(this.name);
  }

  /** Those whose elements here, if any, agree with the key in all but perhaps the first field. */
  #portsAt(key: readonly NftDatum[]): readonly FiledPort[] {
    const { services, family } = this.#source;
    const [first, second, third] = key as readonly [Address, number?, number?];
    if (second === undefined) return services.atAddress(first);
    if (third === undefined) return services.atNodePort(family, second, first as ProtocolNumber);
    return services.at(first, third, second as ProtocolNumber);
  }
}

/** Connections of an endpoint of this node to itself: what comes back must pass by the node. */
export class HairpinSet extends DefinedSet {
  readonly #source: SetSource;

  constructor(source: SetSource) {
    super('hairpin-connections', source.family);
    this.#source = source;
  }

  /** made anew each time: for printers */
  override get elements(): readonly NftElement[] {
    const { services, family, nodeName } = this.#source;
    const byKey = new Map<string, NftElement>();
    for (const filed of services.ports(family))
      for (const element of hairpinElements(this.#source.rulesFor(filed), nodeName))
        byKey.set(element.key.join(' '), element);
    return [...byKey.values()];
  }

  override find(key: readonly NftDatum[]): NftElement | undefined {
    const [source, destination, protocol, port] = key;
    if (source !== destination) return undefined;
    const { services, family, nodeName } = this.#source;
    for (const filed of services.withEndpoint(destination as Address)) {
      if (familyOf(filed.port.clusterIP) !== family || filed.port.protocol !== protocol) continue;
      const elements = hairpinElements(this.#source.rulesFor(filed), nodeName);
      const found = elements.find((element) => element.key[0] === source && element.key[3] === port);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

export function hairpinElements({ port, endpoints }: ServicePortRules, nodeName: string): readonly NftElement[] {
  const here = (endpoints.allReachable ?? []).filter((endpoint) => endpoint.nodeName === nodeName);
  return here.map(({ address, port: number }) => ({ key: [address, address, port.protocol, number] }));
}
