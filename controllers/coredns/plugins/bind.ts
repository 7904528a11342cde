/** bind: the addresses that a server block listens on, all of the pod's where it is not there. Source: CoreDNS plugin/bind/setup.go. */
import { parseAddress } from '../../../src/model/index.ts';
import { CorefileError } from '../corefile/error.ts';
import type { Directive } from '../corefile/parse.ts';
import type { Token } from '../corefile/tokens.ts';
import type { Plugin, PluginSetup } from '../plugin.ts';

/** An interface stands for all of its addresses. */
function addressesOf(token: Token, { interfaces }: PluginSetup): readonly string[] {
  const { text } = token;
  const own = Object.hasOwn(interfaces, text) ? interfaces[text] : undefined;
  if (own !== undefined) return own;
  if (parseAddress(text) !== undefined) return [text];
  throw new CorefileError(token, `plugin/bind: not a valid IP address or interface name: "${text}"`);
}

function boundBy({ name, arguments: found, block = [] }: Directive, setup: PluginSetup): readonly string[] {
  if (found.length === 0)
    throw new CorefileError(name, 'plugin/bind: at least one address or interface name is expected');
  let except: readonly string[] = [];
  for (const { option, arguments: excepted } of block) {
    if (option.text !== 'except') throw new CorefileError(option, `plugin/bind: invalid option "${option.text}"`);
    if (excepted.length === 0) {
      const reason = 'at least one address or interface must be given to except subdirective';
      throw new CorefileError(option, `plugin/bind: ${reason}`);
    }
    except = excepted.flatMap((token) => addressesOf(token, setup));
  }
  return found.flatMap((token) => addressesOf(token, setup)).filter((address) => !except.includes(address));
}

export const bind: Plugin = {
  name: 'bind',
  setup: (directives, setup) => ({
    handler: (next) => next,
    hosts: directives.flatMap((directive) => boundBy(directive, setup)),
  }),
};
