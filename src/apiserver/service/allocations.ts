/**
 * What a write of a Service takes and gives back: cluster addresses, node ports, the health check's port. Everything taken
 * is given back where the write fails; what the write no longer needs is given back once it is stored.
 * Source: kubernetes pkg/registry/core/service/storage/alloc.go.
 */
import type { Dice, Service } from '../../model/index.ts';
import type { RequestContext } from '../contract.ts';
import { FieldErrors } from '../field-errors.ts';
import { internalError, invalid, type Refused } from '../status.ts';
import { alignClusterIps, keepAllocatedValues } from './carry-over.ts';
import { ClusterIpAllocator, type IpFamily } from './cluster-ips.ts';
import { initFamilies } from './families.ts';
import { NodePortAllocator } from './node-ports.ts';
import {
  isHeadless,
  needsHealthCheckNodePort,
  needsNodePort,
  nodePortsOf,
  type ServiceSpec,
  type WorkingService,
  type WorkingSpec,
} from './working.ts';

/** One write's allocations. Call `commit` once it is stored, `revert` where it is not. */
export interface Allocation {
  commit(): void;
  revert(): void;
}

export type Begun = { readonly ok: true; readonly allocation: Allocation } | Refused;

const TAKE_FAILURES = {
  'already-allocated': 'provided IP is already allocated',
  'not-in-range': 'the provided network does not match the current range',
} as const;

export class ServiceAllocations {
  readonly #addresses: ReadonlyMap<IpFamily, ClusterIpAllocator>;
  readonly #ports: NodePortAllocator;

  constructor(cidrs: readonly string[], nodePorts: readonly [number, number]) {
    this.#addresses = new Map(cidrs.map((cidr) => new ClusterIpAllocator(cidr)).map((each) => [each.family, each]));
    this.#ports = new NodePortAllocator(nodePorts);
  }

  /** The families of the cluster, its default first. */
  get families(): readonly IpFamily[] {
    return [...this.#addresses.keys()];
  }

  /** The first address of the primary range: default/kubernetes has it. */
  get firstAddress(): string {
    return this.#addresses.values().next().value!.first;
  }

  /** Counts a stored Service's holdings as taken: how the allocators are rebuilt from the store. */
  adopt({ spec }: Service): void {
    for (const ip of spec.clusterIPs ?? []) this.#allocatorOf(ip)?.take(ip);
    if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
    for (const port of nodePortsOf(spec)) this.#ports.take(port);
  }

  /** Gives back all that a deleted Service held. */
  releaseAll({ spec }: Service): void {
    for (const ip of spec.clusterIPs ?? []) this.#allocatorOf(ip)?.release(ip);
    if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
    for (const port of nodePortsOf(spec)) this.#ports.release(port);
  }

  /** Takes what `service` needs and writes it into its spec. */
  begin(service: WorkingService, before: Service | undefined, context: RequestContext): Begun {
    const write = new Write(this.#addresses, this.#ports, service, before?.spec, context);
    const failure = write.run();
    if (failure === undefined) return { ok: true, allocation: write };
    write.revert();
    return failure;
  }

  #allocatorOf(ip: string): ClusterIpAllocator | undefined {
    return this.#addresses.get(ip.includes(':') ? 'IPv6' : 'IPv4');
  }
}

class Write implements Allocation {
  readonly #addresses: ReadonlyMap<IpFamily, ClusterIpAllocator>;
  readonly #ports: NodePortAllocator;
  readonly #name: string;
  readonly #spec: WorkingSpec;
  readonly #before: ServiceSpec | undefined;
  readonly #dice: Dice;
  readonly #dryRun: boolean;
  readonly #onCommit: (() => void)[] = [];
  readonly #onRevert: (() => void)[] = [];

  constructor(
    addresses: ReadonlyMap<IpFamily, ClusterIpAllocator>,
    ports: NodePortAllocator,
    service: WorkingService,
    before: ServiceSpec | undefined,
    context: RequestContext,
  ) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#name = service.metadata.name;
    this.#spec = service.spec;
    this.#before = before;
    this.#dice = context.dice;
    this.#dryRun = context.dryRun === true;
  }

  commit(): void {
    for (const release of this.#onCommit) release();
  }

  revert(): void {
    for (const release of this.#onRevert.splice(0)) release();
  }

  run(): Refused | undefined {
    const errors = new FieldErrors();
    if (this.#before !== undefined) keepAllocatedValues(this.#spec, this.#before);
    alignClusterIps(this.#spec, this.#before);
    initFamilies(this.#spec, this.#before, [...this.#addresses.keys()], errors);
    if (errors.found) return this.#invalid(errors);
    return this.#updateAddresses() ?? this.#updatePorts() ?? this.#updateHealthCheckPort();
  }

  #invalid(errors: FieldErrors): Refused {
    return invalid('Service', this.#name ?? '', errors);
  }

  #updateAddresses(): Refused | undefined {
    const { type } = this.#spec;
    const before = this.#before;
    const had = before === undefined || before.type === 'ExternalName' ? [] : (before.clusterIPs ?? []);
    if (had[0] === 'None') return undefined;
    if (type === 'ExternalName') {
      this.#releaseAddresses(had);
      return undefined;
    }
    if (isHeadless(this.#spec)) return undefined;
    const refusal = this.#takeAddresses(had);
    if (refusal === undefined && (this.#spec.ipFamilies?.length ?? 0) < had.length)
      this.#releaseAddresses(had.slice(1));
    return refusal;
  }

  #releaseAddresses(ips: readonly string[]): void {
    for (const ip of ips) {
      const allocator = this.#addresses.get(ip.includes(':') ? 'IPv6' : 'IPv4');
      this.#onCommit.push(() => allocator?.release(ip));
    }
  }

  /** Takes an address of each family that has none yet; `had` are the ones held already, by family in order. */
  #takeAddresses(had: readonly string[]): Refused | undefined {
    const families = this.#spec.ipFamilies ?? [];
    const asked = this.#spec.clusterIPs ?? [];
    const ips: string[] = [];
    for (const [i, family] of families.entries()) {
      const wanted = asked[i] ?? '';
      if (i < had.length) {
        ips.push(wanted);
        continue;
      }
      const taken = this.#takeAddress(this.#addresses.get(family)!, wanted);
      if (typeof taken !== 'string') return taken;
      ips.push(taken);
    }
    if (had.length > 0 && ips.length <= had.length) return undefined;
    this.#spec.clusterIPs = ips;
    this.#spec.clusterIP = ips[0];
    return undefined;
  }

  #takeAddress(allocator: ClusterIpAllocator, wanted: string): string | Refused {
    const refuse = (why: string): Refused => {
      const errors = new FieldErrors();
      errors.invalid('spec.clusterIPs', this.#spec.clusterIPs ?? [''], `failed to allocate IP${why}`);
      return this.#invalid(errors);
    };
    // A dry run shows the range's own address in place of looking for a free one.
    if (this.#dryRun && wanted === '') return allocator.network;
    const owner = ownerFindings(this.#name ?? '');
    const candidate = wanted === '' ? allocator.takeNext(this.#dice) : wanted;
    if (candidate === undefined) return internalError('failed to allocate a serviceIP: range is full');
    const failure = wanted === '' ? undefined : allocator.take(wanted);
    if (failure !== undefined) return refuse(` ${wanted}: ${TAKE_FAILURES[failure]}`);
    this.#onRevert.push(() => allocator.release(candidate));
    if (owner === undefined) return candidate;
    const ipAddress = `IPAddress.networking.k8s.io ${JSON.stringify(candidate)} is invalid`;
    return refuse(`${wanted === '' ? '' : ` ${wanted}`}: ${ipAddress}: spec.parentRef.name: ${owner}`);
  }

  #updatePorts(): Refused | undefined {
    const { type } = this.#spec;
    const before = this.#before;
    const exposed = type === 'NodePort' || type === 'LoadBalancer';
    const wasExposed = before?.type === 'NodePort' || before?.type === 'LoadBalancer';
    const had = wasExposed ? nodePortsOf({ ports: [...(before.ports ?? [])] }) : new Set<number>();
    const refusal = !exposed ? undefined : before === undefined ? this.#takePortsOfNew() : this.#takePortsOfUpdate(had);
    if (refusal !== undefined) return refusal;
    const kept = exposed ? nodePortsOf({ ports: this.#spec.ports }) : new Set<number>();
    for (const port of had) if (!kept.has(port)) this.#onCommit.push(() => this.#ports.release(port));
    return undefined;
  }

  /** Ports of one number, TCP and UDP say, share a node port in a new Service. */
  #takePortsOfNew(): Refused | undefined {
    const byPort = new Map<number, number>();
    const ports = this.#spec.ports ?? [];
    for (const [i, port] of ports.entries()) {
      const number = port.port!;
      const shared = byPort.get(number);
      const asked =
        shared === undefined ? ports.find((each) => each.port === number && each.nodePort)?.nodePort : port.nodePort;
      if (!asked && !needsNodePort(this.#spec)) continue;
      if (shared !== undefined && (!port.nodePort || port.nodePort === shared)) {
        port.nodePort = shared;
        continue;
      }
      const taken = this.#takePort(asked ?? 0, i);
      if (typeof taken !== 'number') return taken;
      port.nodePort = taken;
      if (shared === undefined) byPort.set(number, taken);
    }
    return undefined;
  }

  #takePortsOfUpdate(had: ReadonlySet<number>): Refused | undefined {
    const held = new Set(had);
    for (const [i, port] of (this.#spec.ports ?? []).entries()) {
      const asked = port.nodePort ?? 0;
      if (held.has(asked) || (asked === 0 && !needsNodePort(this.#spec))) continue;
      const taken = this.#takePort(asked, i);
      if (typeof taken !== 'number') return taken;
      port.nodePort = taken;
      held.add(taken);
    }
    return undefined;
  }

  /** Takes the port that is asked for, any where it is 0. */
  #takePort(asked: number, index: number): number | Refused {
    const port = asked === 0 ? this.#ports.takeNext(this.#dice) : asked;
    if (port === undefined) return internalError('failed to allocate a nodePort: range is full');
    const failure = asked === 0 ? undefined : this.#ports.take(asked);
    if (failure !== undefined) {
      const errors = new FieldErrors();
      errors.invalid(`spec.ports[${index}].nodePort`, asked, failure);
      return this.#invalid(errors);
    }
    this.#onRevert.push(() => this.#ports.release(port));
    return port;
  }

  #updateHealthCheckPort(): Refused | undefined {
    const before = this.#before;
    const had = before !== undefined && needsHealthCheckNodePort(before) ? before.healthCheckNodePort : undefined;
    if (!needsHealthCheckNodePort(this.#spec)) {
      if (had !== undefined) this.#onCommit.push(() => this.#ports.release(had));
      return undefined;
    }
    if (had !== undefined) return undefined;
    const asked = this.#spec.healthCheckNodePort ?? 0;
    const port = asked === 0 ? this.#ports.takeNext(this.#dice) : asked;
    if (port === undefined) return internalError('failed to allocate a HealthCheck NodePort 0: range is full');
    const failure = asked === 0 ? undefined : this.#ports.take(asked);
    if (failure !== undefined)
      return internalError(`failed to allocate requested HealthCheck NodePort ${asked}: ${failure}`);
    this.#onRevert.push(() => this.#ports.release(port));
    this.#spec.healthCheckNodePort = port;
    return undefined;
  }
}

/**
 * An allocated address is an IPAddress object that names its Service. A Service is validated after its addresses are
 * allocated, so a name that no reference can hold is refused here, in the IPAddress' words.
 */
function ownerFindings(name: string): string | undefined {
  if (name === '') return 'Required value';
  if (name === '.' || name === '..') return `Invalid value: ${JSON.stringify(name)}: may not be '${name}'`;
  const wrong = ['/', '%'].find((character) => name.includes(character));
  return wrong === undefined ? undefined : `Invalid value: ${JSON.stringify(name)}: may not contain '${wrong}'`;
}
