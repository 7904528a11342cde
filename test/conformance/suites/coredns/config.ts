/** Replays recorded configurations: whether a Corefile is accepted, and what a kubernetes block sets. */
import {
  CorefileError,
  formatLabelSelector,
  type KubernetesOptions,
  parseCorefile,
  readKubernetesOptions,
  startServer,
} from '../../../../controllers/coredns/index.ts';
import { firstDifference } from '../../difference.ts';
import type { Difference } from '../../suite.ts';
import type { Outcome } from './query.ts';
import type { ConfigCase } from './recording.ts';

/** The settings that a recording names, as it names them. */
function settingsOf(options: KubernetesOptions): Readonly<Record<string, unknown>> {
  return {
    zone_count: options.zones.length,
    namespace_count: options.namespaces.size,
    pods: options.pods,
    fallthrough: options.fallthrough ?? null,
    startup_timeout_s: options.startupTimeoutMs / 1000,
    labels: options.labels === undefined ? undefined : formatLabelSelector(options.labels),
    namespace_labels: options.namespaceLabels === undefined ? undefined : formatLabelSelector(options.namespaceLabels),
    ignore_empty_service: options.ignoreEmptyService,
    endpoint_pod_names: options.endpointPodNames,
    multicluster: options.multicluster,
    zonal: options.zonal,
    noendpoints: options.noEndpoints,
    ttl: options.ttl,
  };
}

function refused(recorded: ConfigCase, message: string): Outcome {
  if (message.includes('not emulated yet')) return { outcome: 'skipped', reason: message.replace(/^.*parsing: /, '') };
  const failed = (path: string, expected: unknown): Outcome => {
    return { outcome: 'failed', difference: { path: `${recorded.id}.${path}`, expected, got: message } };
  };
  if (recorded.valid) return failed('valid', 'accepted');
  const text = recorded.error_contains;
  return text === undefined || message.includes(text) ? { outcome: 'passed' } : failed('error_contains', text);
}

function accepted(recorded: ConfigCase, settings: Readonly<Record<string, unknown>> | undefined): Outcome {
  const difference: Difference | undefined = recorded.valid
    ? firstDifference(recorded.expect ?? {}, named(recorded, settings), `${recorded.id}.expect`)
    : { path: `${recorded.id}.valid`, expected: 'refused', got: 'accepted' };
  return difference === undefined ? { outcome: 'passed' } : { outcome: 'failed', difference };
}

/** Only what the recording names is compared; a name that is not known here comes out absent, which is a failure. */
function named(
  recorded: ConfigCase,
  settings: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(recorded.expect ?? {}).map((name) => [name, settings[name]]));
}

function replayKubernetes(recorded: ConfigCase): Outcome {
  try {
    const [block] = parseCorefile(`.:53 {\n${recorded.corefile}\n}\n`);
    const setup = { zones: ['.'], nameservers: [], files: {} };
    return accepted(recorded, settingsOf(readKubernetesOptions(block!.directives, setup)));
  } catch (error) {
    if (error instanceof CorefileError) return refused(recorded, error.message);
    throw error;
  }
}

function replayCorefile(recorded: ConfigCase): Outcome {
  const files: Record<string, string> = { ...recorded.files };
  for (const [name, text] of Object.entries(recorded.custom?.data ?? {})) files[`custom/${name}`] = text;
  const start = startServer(recorded.corefile, { files, nameservers: ['192.0.2.53'] });
  return start.ok ? accepted(recorded, undefined) : refused(recorded, start.error.message);
}

export function replayConfig(recorded: ConfigCase): Outcome {
  if (recorded.listen_hosts !== undefined) {
    return { outcome: 'skipped', reason: 'listening addresses are not emulated yet: a server is handed its own' };
  }
  if (recorded.plugin === 'kubernetes') return replayKubernetes(recorded);
  if (recorded.plugin === 'corefile') return replayCorefile(recorded);
  return { outcome: 'skipped', reason: `what the block of plugin ${recorded.plugin} sets is not compared yet` };
}
