/**
 * The chains that all service ports share. With 10,000 Services they are long, so they are not made for a packet: the table
 * tells which service ports can match it, and only their rules are candidates.
 */
import {
  byNameAndProtocol,
  type Chain,
  type FiledPort,
  type Rule,
  type ServiceTable,
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
}

type AddressField = 'natServices' | 'filterServices' | 'externalServices' | 'proxyFirewall';
type PortField = 'natNodePorts' | 'filterNodePorts';

abstract class DispatchChain implements Chain {
  readonly name: string;
  protected readonly source: DispatchSource;
  protected readonly tail: readonly Rule[];

  constructor(name: string, source: DispatchSource, tail: readonly Rule[] = NO_RULES) {
    this.name = name;
    this.source = source;
    this.tail = tail;
  }

  /** made anew each time: for printers */
  get rules(): readonly Rule[] {
    const { services, family } = this.source;
    const rules = services.ports(family).flatMap((port) => this.rulesOf(this.source.rulesFor(port)));
    return rules.concat(this.tail);
  }

  abstract candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[];

  /** all that a service port has in this chain */
  protected abstract rulesOf(rules: ServicePortRules): readonly Rule[];
}

/** Rules that name an address and port; then `tail`. */
export class AddressDispatch extends DispatchChain {
  readonly #field: AddressField;

  constructor(name: string, source: DispatchSource, field: AddressField, tail: readonly Rule[] = NO_RULES) {
    super(name, source, tail);
    this.#field = field;
  }

  override candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] {
    const ports = this.source.services.at(destination, destinationPort, protocol);
    const [first] = ports;
    if (first === undefined) return this.tail;
    // One service port to an address and port, but for external IPs that several Services claim.
    if (ports.length === 1) return this.source.rulesFor(first)[this.#field].atWith(destination, this.tail);
    return [...rulesAt(this.source, this.#field, ports, destination), ...this.tail];
  }

  protected override rulesOf(rules: ServicePortRules): readonly Rule[] {
    return rules[this.#field].rules;
  }
}

function rulesAt(
  source: DispatchSource,
  field: AddressField,
  ports: readonly FiledPort[],
  address: Address,
): readonly Rule[] {
  return ports.flatMap((port) => rulesIn(source, field, port).at(address));
}

function rulesIn(source: DispatchSource, field: AddressField, port: FiledPort): AddressRules {
  return source.rulesFor(port)[field];
}

/** Rules that name a port of the node. */
export class NodePortDispatch extends DispatchChain {
  readonly #field: PortField;

  constructor(name: string, source: DispatchSource, field: PortField) {
    super(name, source);
    this.#field = field;
  }

  override candidates(_destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] {
    const ports = this.#portsAt(destinationPort, protocol);
    const [first] = ports;
    if (first === undefined) return NO_RULES;
    if (ports.length === 1) return this.source.rulesFor(first)[this.#field];
    return ports.flatMap((port) => this.source.rulesFor(port)[this.#field]);
  }

  #portsAt(port: number, protocol: ProtocolNumber): readonly FiledPort[] {
    const { services, family } = this.source;
    if (this.#field === 'natNodePorts') return services.atNodePort(family, port, protocol);
    return protocol === TCP ? services.atHealthCheckNodePort(family, port) : [];
  }

  protected override rulesOf(rules: ServicePortRules): readonly Rule[] {
    return rules[this.#field];
  }
}

/** KUBE-EXTERNAL-SERVICES: rules that name an address and port, and rules that name a node port. */
export class ExternalDispatch extends DispatchChain {
  override candidates(destination: Address, destinationPort: number, protocol: ProtocolNumber): readonly Rule[] {
    const { services, family } = this.source;
    const byAddress = services.at(destination, destinationPort, protocol);
    const byNodePort = services.atNodePort(family, destinationPort, protocol);
    if (byAddress.length === 0 && byNodePort.length === 0) return NO_RULES;
    if (byNodePort.length === 0) return rulesAt(this.source, 'externalServices', byAddress, destination);
    if (byAddress.length === 0)
      return byNodePort.flatMap((port) => rulesIn(this.source, 'externalServices', port).anywhere);
    return this.#merged(byAddress, byNodePort, destination);
  }

  /** Both at once: a node port that is also the port of an external IP. The chain's order is that of service ports. */
  #merged(byAddress: readonly FiledPort[], byNodePort: readonly FiledPort[], address: Address): Rule[] {
    const wanted = new Set(byAddress.flatMap((port) => rulesIn(this.source, 'externalServices', port).at(address)));
    for (const port of byNodePort)
      for (const rule of rulesIn(this.source, 'externalServices', port).anywhere) wanted.add(rule);
    return [...new Set([...byAddress, ...byNodePort])]
      .sort(byNameAndProtocol)
      .flatMap((port) => this.rulesOf(this.source.rulesFor(port)))
      .filter((rule) => wanted.has(rule));
  }

  protected override rulesOf(rules: ServicePortRules): readonly Rule[] {
    return rules.externalServices.rules;
  }
}
