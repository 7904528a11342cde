/** `orrery dump KIND FILE --node N`: runs a script, then prints what a tool would show there. */
import { type DumpKind, NoSuchTargetError } from '../emulator/index.ts';
import type { KubeProxyMode } from '../model/index.ts';
import { type EmulatedCluster, parseReference, type Reference, replay, suggestion } from '../scenario/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { readScript, type ScriptFlags } from './script-file.ts';

export interface DumpFlags extends ScriptFlags {
  readonly node?: string;
  readonly pod?: string;
  /** of Azure's: `lb`, or `lb/kubernetes` */
  readonly resource?: string;
}

/** Where each kind can be looked at; `zone` is one for the whole cluster. */
const PLACES: { readonly [K in DumpKind]: readonly ('node' | 'pod')[] } = {
  iptables: ['node'],
  nftables: ['node'],
  ipvs: ['node'],
  conntrack: ['node'],
  routes: ['node'],
  'resolv.conf': ['pod', 'node'],
  metrics: ['pod'],
  zone: [],
  azure: [],
};

export async function dumpCommand(kind: string, file: string, flags: DumpFlags, console: Console): Promise<ExitCode> {
  if (!isDumpKind(kind))
    throw new UsageError(`orrery: there is nothing to dump named ${kind}${suggestion(kind, Object.keys(PLACES))}`);
  const place = placeOf(kind, flags);
  const scenario = readScript(file, flags, console);
  const { cluster } = replay(scenario);
  if (place !== undefined) requirePresent(cluster, place, file);
  if (flags.resource !== undefined && kind !== 'azure')
    throw new UsageError(`orrery: --resource is of dump azure, not of dump ${kind}`);
  const target = place === undefined ? (flags.resource ?? '') : `${place.kind.toLowerCase()}/${place.key}`;
  const text = dumped(cluster, kind, target, file);
  console.stdout(text.endsWith('\n') || text === '' ? text : `${text}\n`);
  const mode = scenario.settings.networkProfile.kubeProxyConfig?.mode ?? 'iptables';
  if (isOfAnotherMode(kind, mode)) console.stderr(`orrery: kube-proxy runs in ${mode} mode here, without ${kind}\n`);
  return 0;
}

function dumped(cluster: EmulatedCluster, kind: DumpKind, target: string, file: string): string {
  try {
    return cluster.dump(kind, target);
  } catch (error) {
    if (error instanceof NoSuchTargetError) throw new UsageError(`orrery: ${file}: ${error.message}`);
    throw error;
  }
}

/** Every mode has some rules of iptables: other programs write them too. */
function isOfAnotherMode(kind: DumpKind, mode: KubeProxyMode): boolean {
  return (kind === 'nftables' || kind === 'ipvs') && mode !== kind;
}

function isDumpKind(text: string): text is DumpKind {
  return Object.hasOwn(PLACES, text);
}

function placeOf(kind: DumpKind, flags: DumpFlags): Reference | undefined {
  const places = PLACES[kind];
  const given = (['node', 'pod'] as const).filter((place) => flags[place] !== undefined);
  const wrong = given.find((place) => !places.includes(place));
  if (wrong !== undefined)
    throw new UsageError(`orrery: dump ${kind} is not looked at on a ${wrong}; leave --${wrong} out`);
  if (places.length === 0) return undefined;
  if (given.length !== 1)
    throw new UsageError(`orrery: dump ${kind} needs ${places.map((place) => `--${place}`).join(' or ')}`);
  const text = `${given[0]}/${flags[given[0]!]}`;
  const reference = parseReference(text);
  if (typeof reference === 'string') throw new UsageError(`orrery: ${reference}`);
  return reference;
}

function requirePresent(cluster: EmulatedCluster, { kind, key }: Reference, file: string): void {
  if (cluster.get(kind, key) !== undefined) return;
  const names = [...cluster.list(kind)].map(({ metadata }) => metadata.name).sort();
  throw new UsageError(`orrery: ${file} ends without a ${kind} ${key}${suggestion(key, names)}`);
}
