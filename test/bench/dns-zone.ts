/** A cluster's names at any size, and queries for them. */
import { type Dataplane, type DnsRecords, EMPTY_DATAPLANE, type Program, program } from '../../src/dataplane/index.ts';
import type { Dice, DnsMessage, EndpointSlice, Service } from '../../src/model/index.ts';

const SERVICES_PER_NAMESPACE = 100;
const META = { uid: '8b1c', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function placeOf(index: number): { readonly namespace: string; readonly name: string } {
  return { namespace: `team-${Math.floor(index / SERVICES_PER_NAMESPACE)}`, name: `service-${index}` };
}

/** 10.0.0.1 and so on. */
function address(first: number, index: number): string {
  return `${first}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

/** A ClusterIP Service with one port and two endpoints; `generation` moves the second endpoint. */
export function recordsOf(index: number, generation = 0): DnsRecords {
  const { namespace, name } = placeOf(index);
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...META, name, namespace },
    spec: {
      type: 'ClusterIP',
      clusterIP: address(10, index + 1),
      clusterIPs: [address(10, index + 1)],
      sessionAffinity: 'None',
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  };
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...META, name: `${name}-x`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: [address(100, index)], conditions: { ready: true } },
      { addresses: [address(101 + generation, index)], conditions: { ready: true } },
    ],
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  };
  return { service, slices: [slice] };
}

export function changeOf(index: number, value: DnsRecords): Program {
  const { namespace, name } = placeOf(index);
  return { piece: 'dns', key: `${namespace}/${name}`, value };
}

/** The facts of a cluster with these Services. */
export function factsOf(records: readonly DnsRecords[]): Dataplane {
  let facts = EMPTY_DATAPLANE;
  for (let i = 0; i < records.length; i += SERVICES_PER_NAMESPACE) {
    facts = program(facts, { piece: 'dnsNamespace', key: placeOf(i).namespace, value: {} });
  }
  for (const [i, value] of records.entries()) facts = program(facts, changeOf(i, value));
  return facts;
}

export function nameOf(index: number): string {
  const { namespace, name } = placeOf(index);
  return `${name}.${namespace}.svc.cluster.local.`;
}

/** Queries for addresses of Services by chance; each has a name of its own in memory, as one that was read from a packet. */
export function queriesFor(services: number, count: number, dice: Dice): readonly DnsMessage[] {
  return Array.from({ length: count }, (_, id) => ({
    id: id & 0xffff,
    response: false,
    question: { name: Buffer.from(nameOf(dice.below(services))).toString('latin1'), type: 'A' },
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    answers: [],
    authorities: [],
    additionals: [],
  }));
}
