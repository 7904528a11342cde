/** Services of ten endpoints each as the apiserver has them, one slice for each, and the nodes of the cluster they are in. */
import type { NodeFacts } from '../../src/dataplane/index.ts';
import {
  cidrOf,
  type Endpoint,
  type EndpointSlice,
  formatAddress,
  type Ipv4,
  type ObjectMeta,
  type Service,
} from '../../src/model/index.ts';

export const ENDPOINTS_PER_SERVICE = 10;
export const NODES = 1000;
export const POD_CIDR = '10.0.0.0/9';
export const SERVICE_CIDR = '10.128.0.0/12';
export const SERVICE_PORT = 80;

const TARGET_PORT = 8080;
/** of a node's /24; what is left is for clients, and for pods that take the place of others */
const PODS_PER_NODE = 200;
const SPARE_PODS = 20;
const CLIENT_PLACE = 250;

function address(a: number, b: number, c: number, d: number): Ipv4 {
  return ((a * 256 + b) * 256 + c) * 256 + d;
}

const FIRST_SERVICE = address(10, 128, 0, 1);
const FIRST_NODE = address(172, 16, 0, 4);

export function nodeFacts(node: number): NodeFacts {
  const podCidrs = [cidrOf(`10.${node >> 8}.${node & 255}.0/24`)];
  return { name: `node${node}`, addresses: [FIRST_NODE + node], podCidrs };
}

export function clientAddress(node: number): Ipv4 {
  return address(10, node >> 8, node & 255, CLIENT_PLACE);
}

export function clusterIPOf(service: number): Ipv4 {
  return FIRST_SERVICE + service;
}

function metadata(name: string, labels?: Readonly<Record<string, string>>): ObjectMeta {
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(labels === undefined ? {} : { labels }),
  };
}

export function serviceObject(service: number): Service {
  const clusterIP = formatAddress(clusterIPOf(service));
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(`service-${service}`),
    spec: {
      type: 'ClusterIP',
      ports: [{ protocol: 'TCP', port: SERVICE_PORT, targetPort: TARGET_PORT }],
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  };
}

function endpoint(node: number, place: number): Endpoint {
  return {
    addresses: [formatAddress(address(10, node >> 8, node & 255, 4 + place))],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node${node}`,
  };
}

/** `replaced`: how many times the first of the endpoints has given way to another pod of its node */
export function sliceObject(service: number, replaced = 0): EndpointSlice {
  const endpoints = Array.from({ length: ENDPOINTS_PER_SERVICE }, (_, i) => {
    const pod = service * ENDPOINTS_PER_SERVICE + i;
    const isReplaced = i === 0 && replaced > 0;
    const place = isReplaced ? PODS_PER_NODE + (replaced % SPARE_PODS) : Math.floor(pod / NODES) % PODS_PER_NODE;
    return endpoint(pod % NODES, place);
  });
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata(`service-${service}-a`, { 'kubernetes.io/service-name': `service-${service}` }),
    addressType: 'IPv4',
    endpoints,
    // Where there are more endpoints than pods, a pod is behind several Services, each of which has a port of its own.
    ports: [
      {
        name: '',
        protocol: 'TCP',
        port: TARGET_PORT + Math.floor((service * ENDPOINTS_PER_SERVICE) / (NODES * PODS_PER_NODE)),
      },
    ],
  };
}
