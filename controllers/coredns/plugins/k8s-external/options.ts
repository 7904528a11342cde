/** The plugin's block. Source: CoreDNS plugin/k8s_external/setup.go. */
import { CorefileError, wrongArguments } from '../../corefile/error.ts';
import type { Directive } from '../../corefile/parse.ts';
import type { PluginSetup } from '../../plugin.ts';
import { originsOf } from '../../zones.ts';
import { argumentsOf, fallthroughOf, integerOf, unknownOption } from '../options.ts';

export interface ExternalOptions {
  readonly zones: readonly string[];
  /** the label below which the zone's name servers are */
  readonly apex: string;
  /** seconds */
  readonly ttl: number;
  /** whether headless Services and their endpoints have names */
  readonly headless: boolean;
  /** zones whose missing names the next plugin is asked for; undefined for none */
  readonly fallthrough: readonly string[] | undefined;
}

const TTL_SECONDS = 5;
const TTL_SECONDS_MAX = 3600;
const MANY = Number.POSITIVE_INFINITY;

/** Of several directives the zones of the last hold; options add up. */
export function readExternalOptions(directives: readonly Directive[], setup: PluginSetup): ExternalOptions {
  const names = directives.at(-1)!.arguments.map(({ text }) => text);
  const options = {
    zones: originsOf(names, setup.zones),
    apex: 'dns',
    ttl: TTL_SECONDS,
    headless: false,
    fallthrough: undefined as readonly string[] | undefined,
  };
  for (const line of directives.flatMap(({ block = [] }) => block)) {
    switch (line.option.text) {
      case 'ttl':
        options.ttl = integerOf(argumentsOf(line, 1, MANY)[0]!);
        if (options.ttl < 0 || options.ttl > TTL_SECONDS_MAX) {
          throw new CorefileError(line.option, `ttl must be in range [0, 3600]: ${options.ttl}`);
        }
        break;
      case 'apex':
        options.apex = argumentsOf(line, 1, MANY)[0]!.text;
        break;
      case 'headless':
        if (line.arguments.length > 0) throw wrongArguments(line.arguments[0]!);
        options.headless = true;
        break;
      case 'fallthrough':
        options.fallthrough = fallthroughOf(line);
        break;
      default:
        throw unknownOption(line);
    }
  }
  return options;
}
