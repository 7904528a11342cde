/**
 * coredns-config: the files that CoreDNS's pods have mounted, from ConfigMaps kube-system/coredns and kube-system/coredns-custom.
 * What they say is read by each pod's process, in its own time.
 *
 * Source: AKS mounts coredns-custom's keys as files in `custom/` (https://learn.microsoft.com/azure/aks/coredns-custom).
 */
import { type ConfigMap, keyOf } from '../../src/model/index.ts';
import type { Controller, Intent } from '../../src/reconcile/index.ts';

/** the `file` piece that holds the Corefile; others are what it may import, such as `custom/a.server` */
export const COREFILE = 'Corefile';

const CONFIG = 'kube-system/coredns';
const CUSTOM = 'kube-system/coredns-custom';

function mounted(config: ConfigMap, custom: ConfigMap | undefined): ReadonlyMap<string, string> {
  const files = new Map([[COREFILE, config.data?.[COREFILE] ?? '']]);
  for (const [name, text] of Object.entries(custom?.data ?? {})) files.set(`custom/${name}`, text);
  return files;
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
    const files = mounted(config, view.get('ConfigMap', CUSTOM));
    const before = view.dataplane.file;
    const write = (name: string, value: string | undefined): Intent => ({
      do: 'program',
      piece: 'file',
      key: name,
      value,
    });
    return [
      ...[...before.keys()].filter((name) => !files.has(name)).map((name) => write(name, undefined)),
      ...[...files].filter(([name, text]) => before.get(name) !== text).map(([name, text]) => write(name, text)),
    ];
  },
};
