/**
 * The chains that all service ports share. With 10,000 Services they are long, so they are not made for a packet: the table
 * tells which service ports can match it, and only their rules are candidates.
 */
import {
  byNameAndProtocol,
  type Chain,
  type ChainIndex,
  type FiledPort,
  type IdleAddresses,
  type Rule,
  type ServiceTable,
  type SharedCandidates,
} from '../../../src/dataplane/index.ts';
import { type Address, type Family, type ProtocolNumber, TCP } from '../../../src/model/index.ts';
import type { AddressRules } from './address-rules.ts';
import { NO_RULES } from './rule.ts';
import type { ServicePortRules } from './service-port-rules.ts';

/** What a dispatch chain reads: one version of the table, and what one node makes of a service port. */
export interface DispatchSource {
  readonly services: ServiceTable;
  readonly family: Family;
  rulesFor(filed: FiledPort): ServicePortRules;
  /** whether all nodes that share `memo` make the same of it */
  isShared(filed: FiledPort): boolean;
  /** what nodes share of each dispatch chain: a memo */
  readonly shared: Map<DispatchField, SharedCandidates>;
}

type AddressField = 'natServices' | 'filterServices' | 'proxyFirewall';
type PortField = 'natNodePorts' | 'filterNodePorts';
export type DispatchField = AddressField | PortField | 'externalServices';

abstract class DispatchChain implements Chain, ChainIndex {
  readonly name: string;
  readonly field: DispatchField;
  readonly rest: readonly Rule[];
  protected readonly source: DispatchSource;

  constructor(name: string, source: DispatchSource, field: DispatchField, rest: readonly Rule[] = NO_RULES) {
    this.name = name;
    this.source = source;
    this.field = field;
    this.rest = rest;
  }

  /** made anew each time: for printers */
  get rules(): readonly Rule[] {
    const { services, family } = this.source;
    const rules = services.ports(family).flatMap((port) => this.rulesOf(this.source.rulesFor(port)));
    return rules.concat(this.rest);
  }

  get index(): ChainIndex {
    return this;
  }

  /** The first node's to be asked answers for all. */
  get shared(): SharedCandidates {
    const { shared } = this.source;
    let candidates = shared.get(this.field);
    if (candidates === undefined) shared.set(this.field, (candidates = new CandidatesOfNodes(this, this.source)));
    return candidates;
  }

  abstract readonly by: ChainIndex['by'];
  abstract candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[];

  /** the service ports whose rules are candidates */
  abstract portsAt(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly FiledPort[];

  /** all that a service port has in this chain */
  protected abstract rulesOf(rules: ServicePortRules): readonly Rule[];
}

class CandidatesOfNodes implements SharedCandidates {
  readonly #chain: DispatchChain;
  readonly #source: DispatchSource;

  constructor(chain: DispatchChain, source: DispatchSource) {
    this.#chain = chain;
    this.#source = source;
  }

  candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] | undefined {
    const ports = this.#chain.portsAt(destination, destinationPort, protocol);
    if (!ports.every((port) => this.#source.isShared(port))) return undefined;
    return this.#chain.candidates(destination, destinationPort, protocol);
  }
}

/** Rules that name an address and port; then `rest`. */
export class AddressDispatch extends DispatchChain {
  readonly by = 'address and port';
  declare readonly field: AddressField;

  get idle(): IdleAddresses {
    return this.source.services.unclaimed;
  }

  override portsAt(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly FiledPort[] {
    return this.source.services.at(destination, destinationPort, protocol);
  }

  override candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] {
    return rulesAt(this.source, this.field, this.portsAt(destination, destinationPort, protocol), destination);
  }

  protected override rulesOf(rules: ServicePortRules): readonly Rule[] {
    return rules[this.field].rules;
  }
}

/** One service port to an address and port, but for external IPs that several Services claim. */
function rulesAt(
  source: DispatchSource,
  field: AddressField | 'externalServices',
  ports: readonly FiledPort[],
  address: Address,
): readonly Rule[] {
  return inTurn(ports, (port) => rulesIn(source, field, port).at(address));
}

/** The rules of several service ports; of one, they are the same object each time. */
function inTurn(ports: readonly FiledPort[], rulesOf: (port: FiledPort) => readonly Rule[]): readonly Rule[] {
  const [first] = ports;
  if (first === undefined) return NO_RULES;
  return ports.length === 1 ? rulesOf(first) : ports.flatMap(rulesOf);
}

function rulesIn(source: DispatchSource, field: AddressField | 'externalServices', port: FiledPort): AddressRules {
  return source.rulesFor(port)[field];
}

/** Rules that name a port of the node. */
export class NodePortDispatch extends DispatchChain {
  readonly by = 'port';
  declare readonly field: PortField;

  override portsAt(_destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly FiledPort[] {
    const { services, family } = this.source;
    if (this.field === 'natNodePorts') return services.atNodePort(family, destinationPort, protocol);
    return protocol === TCP ? services.atHealthCheckNodePort(family, destinationPort) : [];
  }

  override candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] {
    const ports = this.portsAt(destination, destinationPort, protocol);
    return inTurn(ports, (port) => this.rulesOf(this.source.rulesFor(port)));
  }

  protected override rulesOf(rules: ServicePortRules): readonly Rule[] {
    return rules[this.field];
  }
}

/** KUBE-EXTERNAL-SERVICES: rules that name an address and port, and rules that name a node port. */
export class ExternalDispatch extends DispatchChain {
  readonly by = 'address and port';

  constructor(name: string, source: DispatchSource) {
    super(name, source, 'externalServices');
  }

  /** a node port is one at every address */
  get idle(): IdleAddresses | undefined {
    const { services, family } = this.source;
    return services.hasNodePorts(family) ? undefined : services.unclaimed;
  }

  override portsAt(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly FiledPort[] {
    const { services, family } = this.source;
    const byAddress = services.at(destination, destinationPort, protocol);
    const byNodePort = services.atNodePort(family, destinationPort, protocol);
    return byNodePort.length === 0 ? byAddress : merged(byAddress, byNodePort);
  }

  override candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] {
    const { services, family } = this.source;
    const byAddress = services.at(destination, destinationPort, protocol);
    const byNodePort = services.atNodePort(family, destinationPort, protocol);
    if (byNodePort.length === 0) return rulesAt(this.source, 'externalServices', byAddress, destination);
    if (byAddress.length === 0)
      return inTurn(byNodePort, (port) => rulesIn(this.source, 'externalServices', port).anywhere);
    return this.#merged(byAddress, byNodePort, destination);
  }

  /** Both at once: a node port that is also the port of an external IP. The chain's order is that of service ports. */
  #merged(byAddress: readonly FiledPort[], byNodePort: readonly FiledPort[], address: Address): Rule[] {
    const wanted = new Set(byAddress.flatMap((port) => rulesIn(this.source, 'externalServices', port).at(address)));
    for (const port of byNodePort)
      for (const rule of rulesIn(this.source, 'externalServices', port).anywhere) wanted.add(rule);
    return merged(byAddress, byNodePort)
      .flatMap((port) => this.rulesOf(this.source.rulesFor(port)))
      .filter((rule) => wanted.has(rule));
  }

  protected override rulesOf(rules: ServicePortRules): readonly Rule[] {
    return rules.externalServices.rules;
  }
}

function merged(some: readonly FiledPort[], others: readonly FiledPort[]): readonly FiledPort[] {
  return [...new Set([...some, ...others])].sort(byNameAndProtocol);
}
