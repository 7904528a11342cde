/** What a hosts block sets, as recordings name it. */
import {
  type Directive,
  type PluginSetup,
  readHostsOptions,
  readHostsTable,
} from '../../../../controllers/coredns/index.ts';

export function hostsSettings(directives: readonly Directive[], setup: PluginSetup) {
  const options = readHostsOptions(directives, setup);
  const { names } = readHostsTable(options.inline, options.zones);
  return {
    file: options.file,
    zones: options.zones,
    fallthrough: options.fallthrough.length === 0 ? null : options.fallthrough,
    fallthrough_unsupported: options.fallthroughUnsupported,
    inline: Object.fromEntries(names),
  };
}
