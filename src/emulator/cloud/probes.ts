/**
 * What a load balancer's probes find: a machine counts as well once so many probes in a row have found it so, and as ill once
 * so many have not. Probes are not sent one by one: what they would have found follows from the Services that kube-proxy knew
 * when the last of them went out.
 * Source: https://learn.microsoft.com/azure/load-balancer/load-balancer-custom-probes-overview; kubernetes
 * pkg/proxy/healthcheck/{service_health,proxy_health}.go
 */
import type { NodeFacts, ServicePortRecord, ServiceTable } from '../../dataplane/index.ts';
import { addressOf, type azure, type Moment, TCP } from '../../model/index.ts';

/** as long as the probes of any Service may take to notice: interval times number is less than 120 seconds */
export const PROBES_LONGEST_MS = 120_000;

/** kube-proxy says on it whether it is well itself */
const KUBE_PROXY_PORT = 10256;
const INTERVAL_SECONDS = 5;
const NUMBER = 2;

export interface ProbeParts {
  readonly now: () => Moment;
  /** the Services as kube-proxy had programmed them at that moment */
  servicesAt(moment: Moment): ServiceTable;
  /** the node with this address */
  nodeAt(address: string): NodeFacts | undefined;
}

interface Found {
  readonly services: ServiceTable;
  readonly members: readonly string[];
  readonly healthy: readonly string[];
}

export class Probes {
  readonly #parts: ProbeParts;
  /** what each probe found last, by its id: the same as long as neither Services nor members change */
  readonly #found = new Map<string, Found>();

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  /** The members that a rule may send to; all of them where it has no probe, as with UDP. */
  healthyOf(probe: azure.Probe | undefined, members: readonly string[]): readonly string[] {
    if (probe?.id === undefined) return members;
    const { now, servicesAt } = this.#parts;
    const services = servicesAt(now() - noticedAfterMs(probe));
    const found = this.#found.get(probe.id);
    if (found?.services === services && isSame(found.members, members)) return found.healthy;
    const healthy = members.filter((member) => this.#answers(probe, member, services));
    this.#found.set(probe.id, { services, members, healthy });
    return healthy;
  }

  #answers({ properties: { port = 0 } }: azure.Probe, member: string, services: ServiceTable): boolean {
    const node = this.#parts.nodeAt(member);
    if (node === undefined) return false;
    if (port === KUBE_PROXY_PORT) return true;
    const family = typeof addressOf(member) === 'number' ? 4 : 6;
    const checked = services.atHealthCheckNodePort(family, port);
    if (checked.length > 0) return checked.some(({ port: each }) => each.endpoints.some(isReadyOn(node)));
    return services.atNodePort(family, port, TCP).some(({ port: each }) => accepts(each, node));
  }
}

function noticedAfterMs({ properties }: azure.Probe): number {
  const { intervalInSeconds = INTERVAL_SECONDS, numberOfProbes, probeThreshold } = properties;
  return intervalInSeconds * (probeThreshold ?? numberOfProbes ?? NUMBER) * 1000;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((member, i) => member === b[i]));
}

type Endpoint = ServicePortRecord['endpoints'][number];

const isReadyOn = (node: NodeFacts) => (endpoint: Endpoint) => endpoint.ready && endpoint.nodeName === node.name;

/** Whether the node port takes a connection there: by a ready endpoint, or one that still serves where none is ready. */
function accepts({ endpoints, externalPolicyLocal }: ServicePortRecord, node: NodeFacts): boolean {
  const near = externalPolicyLocal ? endpoints.filter(({ nodeName }) => nodeName === node.name) : endpoints;
  return near.some(({ ready, serving }) => ready || serving);
}
