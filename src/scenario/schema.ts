/**
 * The shape of a script, `apiVersion: orrery/v1`. Shapes only: what a value means (is it a CIDR, does the name exist) is
 * checked where it is used. Fields that are not listed here are refused.
 */
import * as z from 'zod';
import { azure, parseAddress, parseCidr } from '../model/index.ts';
import { cloudChanges } from './cloud-body-schema.ts';
import { parseDurationMs } from './duration.ts';
import { parseNameServer } from './name-server.ts';
import { ipAddress, namesSchema } from './names-schema.ts';
import { parseReference } from './reference.ts';
import { idleTimeoutInMinutes, surroundingsSchema } from './surroundings-schema.ts';
import { parseTarget } from './target.ts';

const name = z.string().min(1);
const count = z.int().min(0);
const address = z.union([z.string(), z.array(z.string())]);
const anyObject = z.record(z.string(), z.unknown());

/** A text that `read` understands; what `read` returns as text is its complaint. */
function text(read: (value: string) => unknown) {
  return z.string().check((context) => {
    const complaint = read(context.value);
    if (typeof complaint === 'string')
      context.issues.push({ code: 'custom', input: context.value, message: complaint });
  });
}

const reference = text(parseReference);
const podOrNode = text((value) => {
  const read = parseReference(value);
  if (typeof read === 'string' || read.kind === 'Pod' || read.kind === 'Node') return read;
  return `${JSON.stringify(value)} is no pod and no node, only these have a network to send from`;
});
/** Senders of packets may be outside of the cluster, known by their address. */
const sender = text((value) => {
  const address = value.startsWith('external/') ? value.slice('external/'.length) : undefined;
  if (address !== undefined)
    return parseAddress(address) === undefined ? `${JSON.stringify(address)} is no IP address` : undefined;
  if (value.startsWith('vm/')) return undefined;
  const read = parseReference(value);
  if (typeof read === 'string' || read.kind === 'Pod' || read.kind === 'Node') return read;
  return `${JSON.stringify(value)} is no pod, no node, no vm/NAME and no external/ADDRESS, only these have a network to send from`;
});
const scalable = text((value) => {
  const read = parseReference(value);
  if (typeof read === 'string' || read.kind === 'Deployment' || read.kind === 'ReplicaSet') return read;
  return `a ${read.kind} has no replicas, only a Deployment or a ReplicaSet has`;
});
const duration = text(
  (value) => parseDurationMs(value) ?? `${JSON.stringify(value)} is no duration, such as 500ms, 10s or 1m30s`,
);
const share = z.union([z.number(), z.string()]).check((context) => {
  if (parseShare(context.value) === undefined)
    context.issues.push({
      code: 'custom',
      input: context.value,
      message: `${JSON.stringify(context.value)} is no share, such as 1/3 or 0.25`,
    });
});

/** `1/3`, `0.25` or a number, as a fraction; undefined where it is none above 0 and up to 1. */
export function parseShare(value: string | number): number | undefined {
  const [top, bottom] = String(value).split('/');
  const fraction = Number(top) / (bottom === undefined ? 1 : Number(bottom));
  return fraction > 0 && fraction <= 1 ? fraction : undefined;
}

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'TIMEOUT'] as const;
const OUTCOMES = [
  'connected',
  'refused',
  'reset',
  'timed-out',
  'unreachable',
  'name-not-found',
  'name-timed-out',
] as const;

const resolve = z.strictObject({
  from: podOrNode,
  name,
  type: z.string().optional(),
  server: text(parseNameServer).optional(),
  expect: z
    .strictObject({
      rcode: z.enum(RCODES).optional(),
      addresses: z.array(z.string()).optional(),
      queries: count.optional(),
      took: duration.optional(),
      answeredName: z.string().optional(),
    })
    .optional(),
});

const send = z
  .strictObject({
    from: sender,
    to: text(parseTarget),
    count: z.int().min(1).optional(),
    sourcePort: z.int().min(1).max(65535).optional(),
    idle: duration.optional(),
    keepAlive: duration.optional(),
    expect: z
      .strictObject({
        outcome: z.enum(OUTCOMES).optional(),
        delivered: address.optional(),
        sourceSeen: address.optional(),
        answeredFrom: z.string().optional(),
        reason: z.string().optional(),
        httpStatus: z.int().optional(),
        shares: z.record(z.string(), share).optional(),
        chiSquareAbove: z.number().min(0).max(1).optional(),
      })
      .optional(),
  })
  .check(({ value: { to, idle, keepAlive }, issues, value }) => {
    const complain = (field: 'idle' | 'keepAlive', message: string) =>
      issues.push({ code: 'custom', input: value, path: [field], message });
    if (keepAlive !== undefined && idle === undefined)
      complain('keepAlive', 'is for a connection that is idle for some time');
    if (keepAlive !== undefined && parseDurationMs(keepAlive) === 0) complain('keepAlive', 'must be longer than 0s');
    if (idle !== undefined && !/^(tcp|https?):/.test(to))
      complain('idle', `is for a connection over TCP, and ${to} is none`);
  });

/** What may happen to a program: its watches lag or break, or it dies, now or between two of its writes to come. */
const programFault = z.strictObject({
  node: name.optional(),
  lagMs: count.optional(),
  crashMs: count.optional(),
  crashAfterIntents: count.optional(),
  disconnect: z.literal(true).optional(),
});
const fault = z.strictObject({
  kubeProxy: programFault.optional(),
  kubelet: programFault.optional(),
  coredns: programFault.optional(),
  kubeControllerManager: programFault.optional(),
  kubeScheduler: programFault.optional(),
  cloudControllerManager: programFault.optional(),
  azureCns: programFault.optional(),
  dnc: programFault.optional(),
  node: z.strictObject({ name, down: z.boolean() }).optional(),
  azure: z
    .strictObject({
      throttleMs: count.optional(),
      failOperations: z.strictObject({ resource: z.enum(azure.RESOURCE_NAMES).optional(), times: count }).optional(),
    })
    .optional(),
  reboot: name.optional(),
  sandbox: z.strictObject({ pod: name, del: z.enum(['skipped', 'late']) }).optional(),
  conntrackRace: z.strictObject({ node: name, on: z.boolean() }).optional(),
});

/** What AKS says where it refuses: its code, and a part of its message. */
const refusal = z.strictObject({ code: name, message: z.string().optional() });

export const stepSchema = z.strictObject({
  title: z.string().optional(),
  apply: z.union([z.string(), anyObject, z.array(z.union([z.string(), anyObject]))]).optional(),
  settle: z.strictObject({}).nullish(),
  advance: duration.optional(),
  resolve: resolve.optional(),
  send: send.optional(),
  fault: fault.optional(),
  scale: z.record(scalable, count).optional(),
  scaleNodePool: z
    .record(
      z.string(),
      z.union([
        count,
        z.strictObject({ count, by: z.enum(['aks', 'cluster-autoscaler']).optional(), expect: refusal.optional() }),
      ]),
    )
    .optional(),
  upgradeNodePool: z.record(z.string(), z.strictObject({ expect: refusal.optional() })).optional(),
  updateNodePool: z.record(z.string(), z.strictObject({ maxCount: count, expect: refusal.optional() })).optional(),
  updateCluster: z
    .strictObject({ networkProfile: z.strictObject({ podCidr: z.string() }), expect: refusal.optional() })
    .optional(),
  drain: name.optional(),
  replaceNode: name.optional(),
  delete: z
    .union([
      reference,
      z.array(reference),
      z.strictObject({ resource: reference, gracePeriodSeconds: count.optional() }),
    ])
    .optional(),
  az: cloudChanges.optional(),
  patch: z.record(reference, anyObject).optional(),
  cordon: name.optional(),
  uncordon: name.optional(),
  assert: z
    .looseObject({
      apiVersion: name,
      kind: name,
      metadata: z.looseObject({ name: name.optional(), namespace: name.optional() }),
      absent: z.boolean().optional(),
    })
    .optional(),
});

const agentPoolProfile = z.strictObject({
  name,
  count: z.int().optional(),
  maxPods: z.int().optional(),
  vnetSubnet: z.string().optional(),
  podSubnet: z.string().optional(),
  podIPAllocationMode: z.enum(['DynamicIndividual', 'StaticBlock']).optional(),
  enableAutoScaling: z.boolean().optional(),
  minCount: z.int().optional(),
  maxCount: z.int().optional(),
  upgradeSettings: z.strictObject({ maxSurge: z.union([z.string(), z.int()]) }).optional(),
  availabilityZones: z.array(z.string()).optional(),
  nodeTaints: z.array(z.string()).optional(),
  nodeLabels: z.record(z.string(), z.string()).optional(),
});

const positive = z.int().min(1);

/** AKS writes modes and schedulers its own way, kube-proxy in another: both are understood. */
const kubeProxyConfig = z.strictObject({
  enabled: z.boolean().optional(),
  mode: z.enum(['IPTABLES', 'NFTABLES', 'IPVS', 'iptables', 'nftables', 'ipvs']).optional(),
  ipvsConfig: z
    .strictObject({
      scheduler: z
        .enum(['RoundRobin', 'LeastConnection', 'rr', 'wrr', 'lc', 'wlc', 'dh', 'sh', 'sed', 'nq', 'mh'])
        .optional(),
      tcpTimeoutSeconds: positive.optional(),
      tcpFinTimeoutSeconds: positive.optional(),
      udpTimeoutSeconds: positive.optional(),
    })
    .optional(),
});

const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: name,
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});

const managedLoadBalancer = z.strictObject({
  name,
  primaryAgentPoolName: name,
  allowServicePlacement: z.boolean().optional(),
  serviceLabelSelector: labelSelector.optional(),
  serviceNamespaceSelector: labelSelector.optional(),
  nodeSelector: labelSelector.optional(),
});
/** An IPv4 range, and perhaps an IPv6 one behind it, whose prefix length must be as `rule` says. */
function ofBothFamilies(rule: string, isAllowed: (prefixLength: number) => boolean) {
  return z
    .array(z.string())
    .min(1)
    .max(2)
    .check(({ value, issues }) => {
      for (const [i, text] of value.entries()) {
        const cidr = parseCidr(text);
        const family = i === 0 ? 4 : 6;
        const wrong =
          cidr?.family !== family
            ? `is no IPv${family} range; the first is IPv4, the second IPv6`
            : `is not allowed: an IPv6 range ${rule}`;
        if (cidr?.family !== family || (family === 6 && !isAllowed(cidr.prefixLength)))
          issues.push({ code: 'custom', input: value, path: [i], message: `${JSON.stringify(text)} ${wrong}` });
      }
    });
}

/** ARM's `addressPrefix`, or with two families `addressPrefixes`. */
const subnet = z
  .strictObject({
    name,
    addressPrefix: z.string().optional(),
    addressPrefixes: ofBothFamilies('of a subnet is a /64', (length) => length === 64).optional(),
  })
  .check(({ value, issues }) => {
    const { addressPrefix, addressPrefixes } = value;
    if ((addressPrefix === undefined) === (addressPrefixes === undefined))
      issues.push({ code: 'custom', input: value, message: 'has either addressPrefix or addressPrefixes' });
  });

export const clusterSchema = z.strictObject({
  networkProfile: z
    .strictObject({
      networkPlugin: z.enum(['azure', 'kubenet', 'none']).optional(),
      networkPluginMode: z.enum(['overlay']).optional(),
      podCidr: z.string().optional(),
      podCidrs: z.array(z.string()).min(1).max(2).optional(),
      serviceCidr: z.string().optional(),
      serviceCidrs: ofBothFamilies('of Services is no larger than a /108', (length) => length >= 108).optional(),
      dnsServiceIP: z.string().optional(),
      kubeProxyConfig: kubeProxyConfig.optional(),
      outboundType: z
        .enum(['loadBalancer', 'managedNATGateway', 'userAssignedNATGateway', 'userDefinedRouting', 'none'])
        .optional(),
      loadBalancerProfile: z
        .strictObject({
          allocatedOutboundPorts: z.int().min(0).max(64000).multipleOf(8).optional(),
          managedOutboundIPs: z.strictObject({ count: z.int().min(1).max(100) }).optional(),
          idleTimeoutInMinutes: idleTimeoutInMinutes.optional(),
          backendPoolType: z.enum(['NodeIPConfiguration', 'NodeIP']).optional(),
        })
        .optional(),
      natGatewayProfile: z.strictObject({ idleTimeoutInMinutes: idleTimeoutInMinutes.optional() }).optional(),
    })
    .optional(),
  virtualNetwork: z
    .strictObject({
      addressPrefixes: z.array(z.string()).min(1),
      subnets: z.array(subnet).min(1),
      dhcpOptions: z.strictObject({ dnsServers: z.array(ipAddress).min(1) }).optional(),
    })
    .optional(),
  agentPoolProfiles: z.array(agentPoolProfile).optional(),
  loadBalancers: z.array(managedLoadBalancer).min(1).optional(),
  apiServer: z.strictObject({ address: z.string(), port: z.int().min(1).max(65535) }).optional(),
  systemPods: z.boolean().optional(),
  azureCns: z
    .strictObject({
      enableIPAMv2: z.boolean().optional(),
      enableSubnetScarcity: z.boolean().optional(),
      unfixed: z.array(z.literal([885, 2022, 4210, 4497])).optional(),
    })
    .optional(),
});

export const scenarioSchema = z.strictObject({
  apiVersion: z.literal('orrery/v1'),
  kind: z.literal('Scenario'),
  metadata: z.strictObject({ name, title: z.string().optional(), description: z.string().optional() }),
  spec: z.strictObject({
    seed: count.optional(),
    cluster: clusterSchema.optional(),
    azure: surroundingsSchema.optional(),
    names: namesSchema.optional(),
    steps: z.array(stepSchema).min(1),
  }),
});

export type ScenarioDocument = z.infer<typeof scenarioSchema>;
export type StepDocument = z.infer<typeof stepSchema>;
export type ClusterDocument = z.infer<typeof clusterSchema>;
export type ResolveStep = z.infer<typeof resolve>;
export type SendStep = z.infer<typeof send>;
export type FaultStep = z.infer<typeof fault>;
