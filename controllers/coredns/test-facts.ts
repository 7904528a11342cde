/** Builders for this folder's tests: a small cluster's objects, and a context to ask under. */
import { type DnsRecords, EMPTY_DATAPLANE, type Program, program } from '../../src/dataplane/index.ts';
import type { Dice, DnsMessage, DnsQuestion, EndpointSlice, Service } from '../../src/model/index.ts';
import type { DnsContext, DnsFacts, Upstream, UpstreamReply } from './plugin.ts';

const FIRST: Dice = { below: () => 0, fraction: () => 0, split: () => FIRST };

const META = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

/** A Service on port 80 `http`, with one ready endpoint for each address. */
export function recordsFor(key: string, clusterIP: string, endpoints: readonly string[] = []): DnsRecords {
  const [namespace, name] = key.split('/') as [string, string];
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...META, name, namespace },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      sessionAffinity: 'None',
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  };
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...META, name: `${name}-abcde`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: endpoints.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  };
  return { service, slices: [slice] };
}

export function factsFor(services: Readonly<Record<string, DnsRecords>>): DnsFacts {
  const namespaces = new Set(Object.keys(services).map((key) => key.split('/')[0]!));
  const changes: Program[] = [...namespaces].map((key) => ({ piece: 'dnsNamespace', key, value: {} }));
  for (const [key, value] of Object.entries(services)) changes.push({ piece: 'dns', key, value });
  return changes.reduce(program, EMPTY_DATAPLANE);
}

/** Nothing is known, nothing answers outside, all dice show 0. */
export function contextFor(changes: Partial<DnsContext> = {}): DnsContext {
  const context = {
    at: 0,
    wait: (ms: number) => {
      context.at += ms;
    },
    dice: FIRST,
    client: 0,
    facts: EMPTY_DATAPLANE,
    synced: true,
    localAddresses: ['10.244.0.12'],
    upstream: (): UpstreamReply => ({ outcome: 'silent' }),
    ...changes,
  };
  return context;
}

export function asking(name: string, type = 'A'): { readonly id: number; readonly question: DnsQuestion } {
  return { id: 7, question: { name, type } };
}

/** A name server outside that answers every question with one address. */
export function outside(asked: string[] = [], ttl = 300): Upstream {
  return (server, { question }) => {
    asked.push(server);
    const { name, type } = question;
    const answers = [{ name, type, ttl, data: '203.0.113.7' }];
    return { outcome: 'replied', message: { ...NO_ANSWER, question, answers } };
  };
}

const NO_ANSWER: DnsMessage = {
  id: 0,
  response: true,
  question: { name: '.', type: 'A' },
  rcode: 'NOERROR',
  authoritative: false,
  truncated: false,
  answers: [],
  authorities: [],
  additionals: [],
};
