/** The shape of CoreDNS's recordings, checked when read: a field that is not known here is a failure, not left out. */
import { z } from 'zod';

export const record = z.strictObject({ name: z.string(), type: z.string(), ttl: z.number(), rdata: z.string() });
export type RecordedRecord = z.infer<typeof record>;

export const object = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

const scripted = z.strictObject({
  qname: z.string(),
  qtype: z.string(),
  rcode: z.enum(['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']).optional(),
  /** no answer comes */
  unreachable: z.boolean().optional(),
  truncated: z.boolean().optional(),
  answer: z.array(record).optional(),
  ns: z.array(record).optional(),
  extra: z.array(record).optional(),
});
export type ScriptedAnswer = z.infer<typeof scripted>;

export const corefileOptions = z.looseObject({ corefile: z.string().optional() });

export const clusterShape = z.strictObject({
  zones: z.array(z.string()),
  corefile_options: corefileOptions,
  services: z.array(object),
  endpointSlices: z.array(object),
  pods: z.array(object),
  namespaces: z.array(object),
  serviceImports: z.array(object).optional(),
  localIPs: z.array(z.string()).optional(),
  upstream: z.array(scripted).optional(),
  next_plugin: z.array(scripted).optional(),
  files: z.record(z.string(), z.string()).optional(),
  now: z.string().optional(),
});
export type RecordedCluster = z.infer<typeof clusterShape>;

export const common = { id: z.string(), source: z.string(), derived: z.boolean().optional(), kind: z.string() };

export const queryShape = z.strictObject({
  ...common,
  qname: z.string(),
  qtype: z.string(),
  rcode: z.string(),
  answer: z.array(record),
  ns: z.array(record),
  extra: z.array(record),
  aa: z.boolean().optional(),
  truncated: z.boolean().optional(),
  falls_through: z.boolean().optional(),
  case_sensitive: z.boolean().optional(),
  order: z.literal('exact').optional(),
  zones: z.array(z.string()).optional(),
  corefile_options: corefileOptions.optional(),
  localIPs: z.array(z.string()).optional(),
  synced: z.boolean().optional(),
  upstream: z.array(scripted).optional(),
  next_plugin: z.array(scripted).optional(),
  cluster: clusterShape.partial().optional(),
  /** hosts only: which of the cluster's files the plugin reads */
  file: z.string().nullable().optional(),
  /** k8s_external only */
  external_address: z.string().optional(),
  reaches_upstream: z.boolean().optional(),
  upstream_asked: z.string().optional(),
  custom: z.looseObject({ data: z.record(z.string(), z.string()).optional() }).optional(),
});
export type QueryCase = z.infer<typeof queryShape>;

export const parseShape = z.strictObject({
  ...common,
  qname: z.string(),
  zone: z.string(),
  multicluster: z.boolean(),
  zonal: z.boolean(),
  valid: z.boolean(),
  expect: z.record(z.string(), z.string()).optional(),
});
export type ParseCase = z.infer<typeof parseShape>;

export const configShape = z.strictObject({
  ...common,
  plugin: z.string(),
  title: z.string().optional(),
  corefile: z.string(),
  valid: z.boolean(),
  error_contains: z.string().optional(),
  expect: z.record(z.string(), z.unknown()).optional(),
  files: z.record(z.string(), z.string()).optional(),
  custom: z.looseObject({ data: z.record(z.string(), z.string()).optional() }).optional(),
  listen_hosts: z.array(z.string()).optional(),
});
export type ConfigCase = z.infer<typeof configShape>;

export const fileShape = z.strictObject({
  description: z.string(),
  notes: z.array(z.string()).optional(),
  optional: z.string().optional(),
  cluster: clusterShape,
  cases: z.array(z.looseObject({ id: z.string(), kind: z.string() })),
});
