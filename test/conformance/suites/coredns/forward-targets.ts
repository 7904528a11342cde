/** Replays what the TO arguments of plugin forward mean. */
import { z } from 'zod';
import {
  classifyTargets,
  hostTargetOf,
  parseCorefile,
  readForwardOptions,
  resolvedTarget,
  splitServerName,
} from '../../../../controllers/coredns/index.ts';
import { namedCompared, type Outcome } from './outcome.ts';

const targetsShape = z.strictObject({
  id: z.string(),
  source: z.string(),
  kind: z.string(),
  derived: z.boolean().optional(),
  to: z.array(z.string()).optional(),
  files: z.record(z.string(), z.string()).optional(),
  resolved: z
    .strictObject({
      ip: z.string(),
      port: z.string(),
      transport: z.enum(['dns', 'tls', 'https']),
      tls_servername: z.string().nullable(),
    })
    .optional(),
  resolver_answers: z.record(z.string(), z.array(z.string())).optional(),
  expect: z.record(z.string(), z.unknown()),
});
type TargetsCase = z.infer<typeof targetsShape>;

const nameOrNull = (name: string) => (name === '' ? null : name);

function setupFor({ files = {}, resolver_answers: answers = {} }: TargetsCase) {
  return {
    plugins: new Set<string>(),
    zones: ['.'],
    nameservers: [],
    interfaces: {},
    files,
    resolve: (hostname: string) => answers[`${hostname}.`] ?? [],
  };
}

function directiveFor(to: readonly string[]) {
  const [block] = parseCorefile(`.:53 {\n    forward . ${to.map((text) => `"${text}"`).join(' ')}\n}\n`);
  return block!.directives[0]!;
}

function classified(recorded: TargetsCase): Record<string, unknown> {
  const entries = classifyTargets(directiveFor(recorded.to ?? []).arguments.slice(1), setupFor(recorded));
  const addresses = entries.filter(({ kind }) => kind === 'addresses').length;
  return { addresses, hostnames: entries.length - addresses };
}

function asHostname(text: string): Record<string, unknown> {
  const target = hostTargetOf(text);
  if (target === undefined) return { is_hostname: false };
  const { hostname, port, transport, serverName } = target;
  return { is_hostname: true, hostname, port, transport, tls_servername: nameOrNull(serverName) };
}

function split(text: string): Record<string, unknown> {
  const { host, serverName } = splitServerName(text);
  return { without_servername: host, tls_servername: nameOrNull(serverName) };
}

function formatted({ resolved }: TargetsCase): Record<string, unknown> {
  const { ip, port, transport, tls_servername } = resolved!;
  return { address: resolvedTarget(ip, { port, transport, serverName: tls_servername ?? '' }) };
}

function expanded(recorded: TargetsCase): Record<string, unknown> {
  const { targets } = readForwardOptions(directiveFor(recorded.to ?? []), setupFor(recorded));
  return { upstreams: targets.map(({ address }) => address) };
}

/** What the recording asks for tells which step of the reading it is about. */
function gotFor(recorded: TargetsCase): Record<string, unknown> {
  const { expect, to = [] } = recorded;
  if ('is_hostname' in expect) return asHostname(to[0]!);
  if ('without_servername' in expect) return split(to[0]!);
  if ('address' in expect) return formatted(recorded);
  return 'upstreams' in expect ? expanded(recorded) : classified(recorded);
}

export function replayTargets(json: unknown): Outcome {
  const recorded = targetsShape.parse(json);
  return namedCompared(recorded.expect, gotFor(recorded), `${recorded.id}.expect`);
}
