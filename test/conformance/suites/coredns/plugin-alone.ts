/** One plugin set up by its lines of a Corefile, with a recorded next plugin, and a query as the server hands it over. */
import {
  type DnsRequest,
  type Handler,
  type Plugin,
  type PluginSetup,
  parseCorefile,
} from '../../../../controllers/coredns/index.ts';

export function setupFor(files: Readonly<Record<string, string>> = {}): PluginSetup {
  return { plugins: new Set(), zones: ['.'], nameservers: [], interfaces: {}, files, resolve: () => [] };
}

/** The plugin's handler. It must remember nothing between queries. */
export function handlerOf(
  plugin: Plugin,
  lines: string,
  next: Handler,
  files: Readonly<Record<string, string>> = {},
): Handler {
  const [block] = parseCorefile(`.:53 {\n${lines}\n}\n`);
  const instance = plugin.setup(block!.directives, setupFor(files))!;
  const memory = () => {
    throw new Error(`${plugin.name} remembers nothing`);
  };
  return instance.handler(next, memory, new Map());
}

export function requestFor(name: string, type: string, changes: Partial<DnsRequest> = {}): DnsRequest {
  return {
    id: 1,
    name,
    lowerName: name.toLowerCase(),
    type,
    class: 'IN',
    recursionDesired: true,
    authenticData: false,
    checkingDisabled: false,
    edns: undefined,
    lookup: () => undefined,
    ...changes,
  };
}
