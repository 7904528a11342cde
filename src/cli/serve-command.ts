/** `orrery serve FILE --dns ADDRESS:PORT`: runs a script, then answers real clients out of its cluster until it is interrupted. */
import { isIP } from 'node:net';
import { type EmulatedCluster, formatProblem, parseNameServer, parseReference, replay } from '../scenario/index.ts';
import { type AskDns, askCluster, type DnsListener, ListenError, listenForDns } from '../server/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { readScript, type ScriptFlags } from './script-file.ts';

export interface ServeFlags extends ScriptFlags {
  readonly dns?: string;
  readonly dnsServer?: string;
  readonly dnsClient?: string;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export async function serveCommand(file: string, flags: ServeFlags, console: Console): Promise<ExitCode> {
  const endpoint = endpointOf(flags.dns);
  const client = flags.dnsClient === undefined ? undefined : clientOf(flags.dnsClient);
  const server = flags.dnsServer === undefined ? undefined : parseNameServer(flags.dnsServer);
  if (typeof server === 'string') throw new UsageError(`orrery: --dns-server ${flags.dnsServer}: ${server}`);
  const scenario = readScript(file, flags, console);
  const { cluster, report } = replay(scenario);
  if (report.problems.length > 0) throw new UsageError(report.problems.map(formatProblem).join('\n'));
  if (report.failures > 0)
    console.stderr(`${file}: ${report.failures} of ${report.expectations} expectations failed\n`);
  const from = client ?? someClient(cluster);
  const { kind, key } = parsedOf(from);
  if (cluster.get(kind, key) === undefined)
    throw new UsageError(`orrery: --dns-client ${from}: ${file} ends without such a ${kind}`);
  const listener = await listen(endpoint, flags.dns!, askCluster(cluster, from, server));
  const at = `${isIP(listener.address) === 6 ? `[${listener.address}]` : listener.address}:${listener.port}`;
  console.stdout(`serving DNS on ${at}, UDP and TCP, as ${from} of ${scenario.name} is answered; Ctrl-C ends it\n`);
  await interrupted();
  await listener.close();
  return 0;
}

const ENDPOINT = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/;

function endpointOf(text: string | undefined): Endpoint {
  if (text === undefined) throw new UsageError('orrery: serve needs --dns, such as --dns 127.0.0.1:1053');
  const [, bracketed, plain, port] = ENDPOINT.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  if (isIP(address) === 0 || Number(port) > 65535)
    throw new UsageError(`orrery: --dns ${text} is no address:port, such as 127.0.0.1:1053 or [::1]:1053`);
  return { address, port: Number(port) };
}

function parsedOf(client: string) {
  const reference = parseReference(client);
  if (typeof reference === 'string') throw new UsageError(`orrery: --dns-client ${client}: ${reference}`);
  return reference;
}

function clientOf(text: string): string {
  const { kind } = parsedOf(text);
  if (kind !== 'Pod' && kind !== 'Node')
    throw new UsageError(`orrery: --dns-client ${text}: only a pod or a node asks a name server`);
  return text;
}

/** The first pod that is not of the system itself, else a node. */
function someClient(cluster: EmulatedCluster): string {
  const pods = [...cluster.list('Pod')]
    .map(({ metadata }) => metadata)
    .filter((pod) => pod.namespace !== 'kube-system');
  const names = pods.map(({ namespace, name }) => `pod/${namespace}/${name}`).sort();
  const nodes = [...cluster.list('Node')].map(({ metadata }) => `node/${metadata.name}`).sort();
  const client = names[0] ?? nodes[0];
  if (client === undefined) throw new UsageError('orrery: the script ends without a pod or a node that could ask');
  return client;
}

async function listen({ address, port }: Endpoint, given: string, ask: AskDns): Promise<DnsListener> {
  try {
    return await listenForDns(address, port, ask);
  } catch (error) {
    if (error instanceof ListenError) throw new UsageError(`orrery: --dns ${given}: ${error.message}`);
    throw error;
  }
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
