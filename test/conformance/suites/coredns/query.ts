/** Replays one recorded query against a server built from the recorded cluster. */
import {
  answer,
  type Connection,
  type DnsFacts,
  dnsPodOf,
  parseCorefile,
  printCorefile,
  startServer,
  type Upstream,
} from '../../../../controllers/coredns/index.ts';
import { type DnsRecords, EMPTY_DATAPLANE, type Program, program } from '../../../../src/dataplane/index.ts';
import {
  type DnsMessage,
  type DnsRecord,
  type EndpointSlice,
  keyOf,
  type Pod,
  type Service,
  type ServiceImport,
} from '../../../../src/model/index.ts';
import { firstDifference } from '../../difference.ts';
import { contextFor } from './context.ts';
import type { Outcome } from './outcome.ts';
import type { QueryCase, RecordedCluster, RecordedRecord, ScriptedAnswer } from './recording.ts';

/** Stands for whatever comes after the plugin that is recorded. */
const BEYOND = '192.0.2.53';

/** A Service as the apiserver gives it out: with its status, which recordings leave out where it is empty. */
export function withStatus(service: Service): Service {
  return { ...service, status: { ...service.status, loadBalancer: service.status?.loadBalancer ?? {} } };
}

/** ServiceImports with the slices that name them. */
function importsOf({ serviceImports = [], endpointSlices }: RecordedCluster) {
  const slices = endpointSlices as unknown as EndpointSlice[];
  return (serviceImports as unknown as ServiceImport[]).map((serviceImport) => {
    const { name, namespace } = serviceImport.metadata;
    const mine = slices.filter(({ metadata }) => {
      return metadata.namespace === namespace && metadata.labels?.['multicluster.kubernetes.io/service-name'] === name;
    });
    return { key: keyOf(serviceImport), value: { serviceImport, slices: mine } };
  });
}

/** The recorded objects as the plugin's informers would have brought them. */
export function factsOf(cluster: RecordedCluster): DnsFacts {
  const changes: Program[] = [];
  const slices = cluster.endpointSlices as unknown as EndpointSlice[];
  for (const { metadata } of cluster.namespaces) {
    changes.push({
      piece: 'dnsNamespace',
      key: metadata.name,
      value: (metadata['labels'] ?? {}) as Record<string, string>,
    });
  }
  const services = new Map(
    (cluster.services as unknown as Service[]).map((service) => [keyOf(service), withStatus(service)]),
  );
  const owners = slices.map(
    ({ metadata }) => `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`,
  );
  for (const key of new Set([...services.keys(), ...owners])) {
    const value: DnsRecords = { service: services.get(key), slices: slices.filter((_, i) => owners[i] === key) };
    changes.push({ piece: 'dns', key, value });
  }
  for (const { key, value } of importsOf(cluster)) changes.push({ piece: 'dnsImport', key, value });
  for (const pod of cluster.pods as unknown as Pod[]) {
    changes.push({ piece: 'dnsPod', key: keyOf(pod), value: dnsPodOf(pod) });
  }
  return changes.reduce(program, EMPTY_DATAPLANE);
}

function recordOf({ rdata, ...rest }: RecordedRecord, qname: string): DnsRecord {
  return { ...rest, name: rest.name === '<qname>' ? qname : rest.name, data: rdata };
}

/** The scripted answer to a question: an exact one, else one for every name. */
function scriptedAnswer(scripts: readonly ScriptedAnswer[], name: string, type: string): DnsMessage | undefined {
  const script =
    scripts.find((one) => one.qname.toLowerCase() === name.toLowerCase() && one.qtype === type) ??
    scripts.find((one) => one.qname === '*');
  if (script?.rcode === undefined || script.unreachable === true) return undefined;
  const section = (records: readonly RecordedRecord[] = []) => records.map((record) => recordOf(record, name));
  return {
    id: 0,
    response: true,
    question: { name, type },
    rcode: script.rcode,
    authoritative: false,
    truncated: script.truncated ?? false,
    answers: section(script.answer),
    authorities: section(script.ns),
    additionals: section(script.extra),
  };
}

/** The names that the scripted next plugin takes: every one, unless it is scripted to fail for all but some. */
function namesTaken(scripts: readonly ScriptedAnswer[]): readonly string[] {
  const failing = scripts.some(({ qname, rcode }) => qname === '*' && rcode === 'SERVFAIL');
  return failing ? scripts.map(({ qname }) => qname).filter((qname) => qname !== '*') : ['.'];
}

/**
 * The Corefile under test, ending in the scripted next plugin where it has no plugin that asks outside. A plugin that fails
 * writes no answer, which is what the end of the chain does.
 */
function corefileOf(
  text: string,
  files: Readonly<Record<string, string>>,
  next: readonly ScriptedAnswer[] = [],
): string {
  if (/^\s*forward\s/m.test(text)) return text;
  const blocks = parseCorefile(text, { files });
  const lines = namesTaken(next).map((name) => `    forward ${name} ${BEYOND}\n`);
  return printCorefile(blocks).replace(/\n\}\n$/, `\n${lines.join('')}}\n`);
}

interface Comparable {
  readonly rcode: string;
  readonly answer: readonly string[];
  readonly ns: readonly string[];
  readonly extra: readonly string[];
  readonly aa?: boolean | undefined;
  readonly truncated?: boolean | undefined;
  readonly falls_through?: boolean | undefined;
  readonly reaches_upstream?: boolean | undefined;
  readonly upstream_asked?: string | undefined;
}

/** One line a record; the serial of a SOA is any value where the recording says so. */
function linesOf(records: readonly RecordedRecord[], recorded: QueryCase): readonly string[] {
  const anySerial = [...recorded.answer, ...recorded.ns, ...recorded.extra].some(
    ({ type, rdata }) => type === 'SOA' && rdata.split(' ')[2] === '*',
  );
  const lines = records.map(({ name, type, ttl, rdata }) => {
    const data = type === 'SOA' && anySerial ? rdata.replace(/^(\S+ \S+) \S+/, '$1 *') : rdata;
    const line = `${name} ${ttl} ${type} ${data}`;
    return recorded.case_sensitive === true ? line : line.toLowerCase();
  });
  return recorded.order === 'exact' ? lines : [...lines].sort();
}

function recordedLines(recorded: QueryCase): Comparable {
  const { rcode, aa, truncated, falls_through, reaches_upstream, upstream_asked } = recorded;
  return {
    rcode,
    answer: linesOf(recorded.answer, recorded),
    ns: linesOf(recorded.ns, recorded),
    extra: linesOf(recorded.extra, recorded),
    ...{ aa, truncated, falls_through, reaches_upstream, upstream_asked },
  };
}

function repliedLines(reply: DnsMessage, asked: readonly string[], own: boolean, recorded: QueryCase): Comparable {
  const section = (records: readonly DnsRecord[]) =>
    linesOf(
      records.map(({ data, ...rest }) => ({ ...rest, rdata: data })),
      recorded,
    );
  const said = <T>(field: keyof QueryCase, value: T) => (recorded[field] === undefined ? undefined : value);
  return {
    rcode: reply.rcode,
    answer: section(reply.answers),
    ns: section(reply.authorities),
    extra: section(reply.additionals),
    aa: said('aa', reply.authoritative),
    truncated: said('truncated', reply.truncated),
    falls_through: said('falls_through', own),
    reaches_upstream: said('reaches_upstream', asked.length > 0),
    upstream_asked: said('upstream_asked', asked[0]),
  };
}

/** A CNAME stands before what it points to, whatever else the order is. */
function aliasesFirst({ answers }: DnsMessage): boolean {
  const last = answers.findLastIndex(({ type }) => type === 'CNAME');
  return answers.every(({ name, type }, i) => {
    return (
      type === 'CNAME' || i > last || !answers.slice(i).some((alias) => alias.type === 'CNAME' && alias.data === name)
    );
  });
}

/** A server built from a recorded cluster, and the judgement of what it, or a client of it, says. */
export interface RecordedServer {
  ask(query: Pick<DnsMessage, 'id' | 'question' | 'edns'>, connection?: Connection): DnsMessage;
  judge(reply: DnsMessage): Outcome;
}

/** A name server's external address stands for itself: no Service has it as an endpoint. */
function localAddressesIn({ localIPs, external_address }: QueryCase, cluster: RecordedCluster): readonly string[] {
  if (external_address !== undefined) return [external_address];
  return localIPs ?? cluster.localIPs ?? [];
}

/** The server that a recorded query was put to, or why there is none. */
export function recordedServerOf(recorded: QueryCase, top: RecordedCluster): RecordedServer | Outcome {
  const cluster: RecordedCluster = { ...top, ...(recorded.cluster as Partial<RecordedCluster>) };
  const options = recorded.corefile_options ?? cluster.corefile_options;
  const files: Record<string, string> = { ...cluster.files };
  for (const [name, text] of Object.entries(recorded.custom?.data ?? {})) files[`custom/${name}`] = text;
  if (typeof recorded.file === 'string') files['FILE'] = cluster.files?.[recorded.file] ?? '';
  const text = options.corefile ?? '';
  const start = startServer(corefileOf(text, files, recorded.next_plugin ?? cluster.next_plugin), {
    files,
    nameservers: [BEYOND],
  });
  if (!start.ok) {
    const { message } = start.error;
    if (message.includes('not emulated yet'))
      return { outcome: 'skipped', reason: message.replace(/^.*parsing: /, '') };
    return { outcome: 'failed', difference: { path: 'corefile', expected: 'accepted', got: message } };
  }
  const asked: string[] = [];
  let own = false;
  const scripts = [
    ...(recorded.upstream ?? cluster.upstream ?? []),
    ...(recorded.next_plugin ?? cluster.next_plugin ?? []),
  ];
  const upstream: Upstream = (server, { question: { name, type } }) => {
    own ||= name === recorded.qname && type === recorded.qtype;
    const address = server.replace(/:53$/, '');
    asked.push(address === BEYOND && text.includes('/etc/resolv.conf') ? '/etc/resolv.conf' : address);
    const message = scriptedAnswer(scripts, name, type);
    return message === undefined ? { outcome: 'silent' } : { outcome: 'replied', message };
  };
  const setting = {
    // Recorded is what plugins answer, before the server cuts it to what fits in a datagram.
    connection: { protocol: 'tcp' as const, clientPort: 40000, server: 0, serverPort: 53 },
    facts: factsOf(cluster),
    synced: recorded.synced ?? true,
    localAddresses: localAddressesIn(recorded, cluster),
    upstream,
  };
  return {
    ask: (query, connection) =>
      answer(start.server, query, contextFor(connection === undefined ? setting : { ...setting, connection })),
    judge: (reply) => judge(recorded, reply, asked, own),
  };
}

function judge(recorded: QueryCase, reply: DnsMessage, asked: readonly string[], own: boolean): Outcome {
  const difference = firstDifference(recordedLines(recorded), repliedLines(reply, asked, own, recorded), recorded.id);
  if (difference !== undefined) return { outcome: 'failed', difference };
  if (aliasesFirst(reply)) return { outcome: 'passed' };
  const got = reply.answers.map(({ name, type }) => `${name} ${type}`);
  return { outcome: 'failed', difference: { path: `${recorded.id}.answer`, expected: 'aliases before targets', got } };
}

export function replayQuery(recorded: QueryCase, top: RecordedCluster): Outcome {
  const server = recordedServerOf(recorded, top);
  if ('outcome' in server) return server;
  return server.judge(server.ask({ id: 1, question: { name: recorded.qname, type: recorded.qtype } }));
}
