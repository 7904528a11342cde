/**
 * coredns-config: the Corefile that the servers run, from ConfigMaps kube-system/coredns and kube-system/coredns-custom. A
 * broken one is said once and the old one stays.
 *
 * Source: CoreDNS plugin/reload; AKS mounts coredns-custom's keys as files in `custom/`
 * (https://learn.microsoft.com/azure/aks/coredns-custom).
 */
import { type ConfigMap, keyOf } from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { configure } from './chain.ts';
import { CorefileError } from './corefile/error.ts';
import { parseCorefile } from './corefile/parse.ts';
import { printCorefile } from './corefile/print.ts';

/** the `file` piece that holds the loaded Corefile, its imports in place */
export const COREFILE = 'Corefile';
/** the `file` piece that holds why the Corefile that came last was refused; none where it was not */
export const COREFILE_REFUSAL = 'Corefile.refusal';

const CONFIG = 'kube-system/coredns';
const CUSTOM = 'kube-system/coredns-custom';

type Loaded = { readonly ok: true; readonly corefile: string } | { readonly ok: false; readonly reason: string };

function load(config: ConfigMap, custom: ConfigMap | undefined): Loaded {
  const files: Record<string, string> = {};
  for (const [name, text] of Object.entries(custom?.data ?? {})) files[`custom/${name}`] = text;
  try {
    const blocks = parseCorefile(config.data?.['Corefile'] ?? '', { files });
    // Whom the pod's resolv.conf names is the pod's own affair: here it is enough that there is somebody.
    configure(blocks, { files, nameservers: ['192.0.2.53'] });
    return { ok: true, corefile: printCorefile(blocks) };
  } catch (error) {
    if (error instanceof CorefileError) return { ok: false, reason: error.message };
    throw error;
  }
}

function refusal(view: View, config: ConfigMap, reason: string): readonly Intent[] {
  if (view.dataplane.file.get(COREFILE_REFUSAL) === reason) return [];
  const message = `Corefile changed but reload failed: ${reason}`;
  return [
    { do: 'program', piece: 'file', key: COREFILE_REFUSAL, value: reason },
    { do: 'event', about: config, type: 'Warning', reason: 'ReloadFailed', message },
  ];
}

function acceptance(view: View, corefile: string): readonly Intent[] {
  const intents: Intent[] = [];
  const { file } = view.dataplane;
  if (file.get(COREFILE) !== corefile) intents.push({ do: 'program', piece: 'file', key: COREFILE, value: corefile });
  if (file.has(COREFILE_REFUSAL))
    intents.push({ do: 'program', piece: 'file', key: COREFILE_REFUSAL, value: undefined });
  return intents;
}

export const corednsConfig: Controller = {
  name: 'coredns-config',
  program: 'coredns',
  watches: {
    ConfigMap: (map) => (keyOf(map) === CONFIG || keyOf(map) === CUSTOM ? [CONFIG] : []),
  },
  reconcile(view, key) {
    const config = view.get('ConfigMap', key);
    // A pod whose ConfigMap is gone keeps the files that it has mounted.
    if (config === undefined) return [];
    const loaded = load(config, view.get('ConfigMap', CUSTOM));
    return loaded.ok ? acceptance(view, loaded.corefile) : refusal(view, config, loaded.reason);
  },
};
