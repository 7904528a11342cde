/** Replays recorded configurations: whether a plugin's block or a Corefile is accepted, and what it sets. */
import {
  CorefileError,
  type Directive,
  localAddressesOf,
  type PluginSetup,
  parseCorefile,
  rewrite,
  startServer,
} from '../../../../controllers/coredns/index.ts';
import { autopathSettings } from './autopath.ts';
import { cacheSettings } from './cache-config.ts';
import { externalSettings } from './external-config.ts';
import { forwardSettings } from './forward-config.ts';
import { hostsSettings } from './hosts-config.ts';
import { kubernetesSettings } from './kubernetes-config.ts';
import { loadbalanceSettings } from './loadbalance-config.ts';
import { failed, namedCompared, type Outcome } from './outcome.ts';
import { setupFor } from './plugin-alone.ts';
import type { ConfigCase } from './recording.ts';

type Settings = Readonly<Record<string, unknown>>;

/** The settings that a recording of each plugin names, as it names them. Throws a `CorefileError`. */
const PLUGINS: Readonly<Record<string, (directives: readonly Directive[], setup: PluginSetup) => Settings>> = {
  autopath: autopathSettings,
  cache: cacheSettings,
  forward: forwardSettings,
  hosts: hostsSettings,
  k8s_external: externalSettings,
  kubernetes: kubernetesSettings,
  loadbalance: loadbalanceSettings,
  rewrite: (directives, setup) => {
    rewrite.setup(directives, setup);
    return {};
  },
};

function refused(recorded: ConfigCase, message: string): Outcome {
  if (message.includes('not emulated yet')) return { outcome: 'skipped', reason: message.replace(/^.*parsing: /, '') };
  if (recorded.valid) return failed(`${recorded.id}.valid`, 'accepted', message);
  const text = recorded.error_contains;
  return text === undefined || message.includes(text)
    ? { outcome: 'passed' }
    : failed(`${recorded.id}.error_contains`, text, message);
}

/** A block that is right in itself and cannot be had by a server, or the other way round, is a failure too. */
function replayPlugin(recorded: ConfigCase, settingsOf: (typeof PLUGINS)[string]): Outcome {
  const [block] = parseCorefile(`.:53 {\n${recorded.corefile}\n}\n`);
  const settings: Settings = {
    ...settingsOf(block!.directives, setupFor(recorded.files)),
    ...(recorded.listen_hosts === undefined ? {} : { local_ips: localAddressesOf(recorded.listen_hosts) }),
  };
  if (!recorded.valid) return failed(`${recorded.id}.valid`, 'refused', 'accepted');
  return namedCompared(recorded.expect ?? {}, settings, `${recorded.id}.expect`);
}

function replayCorefile(recorded: ConfigCase): Outcome {
  const files: Record<string, string> = { ...recorded.files };
  for (const [name, text] of Object.entries(recorded.custom?.data ?? {})) files[`custom/${name}`] = text;
  const start = startServer(recorded.corefile, { files, nameservers: ['192.0.2.53'] });
  if (!start.ok) return refused(recorded, start.error.message);
  return recorded.valid ? { outcome: 'passed' } : failed(`${recorded.id}.valid`, 'refused', 'accepted');
}

export function replayConfig(recorded: ConfigCase): Outcome {
  if (recorded.plugin === 'corefile') return replayCorefile(recorded);
  const settingsOf = PLUGINS[recorded.plugin];
  if (settingsOf === undefined) {
    return { outcome: 'skipped', reason: `what the block of plugin ${recorded.plugin} sets is not compared yet` };
  }
  try {
    return replayPlugin(recorded, settingsOf);
  } catch (error) {
    if (error instanceof CorefileError) return refused(recorded, error.message);
    throw error;
  }
}
