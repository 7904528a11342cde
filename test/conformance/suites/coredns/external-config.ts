/** What a k8s_external block sets, as recordings name it. */
import { type Directive, type PluginSetup, readExternalOptions } from '../../../../controllers/coredns/index.ts';

export function externalSettings(directives: readonly Directive[], setup: PluginSetup) {
  const { fallthrough, ...options } = readExternalOptions(directives, setup);
  return { ...options, fallthrough: fallthrough ?? null };
}
