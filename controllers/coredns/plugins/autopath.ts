/** autopath: walks a client's search path for it, so that one query is enough. Source: CoreDNS plugin/autopath. */
import type { DnsMessage } from '../../../src/model/index.ts';
import { CorefileError } from '../corefile/error.ts';
import type { Directive } from '../corefile/parse.ts';
import { Counter } from '../counter.ts';
import type { MetricFamily } from '../metrics.ts';
import {
  type DnsContext,
  type DnsReply,
  type DnsRequest,
  type Handler,
  isMessage,
  type Memory,
  type Plugin,
  type PluginSetup,
  serverIn,
} from '../plugin.ts';
import { inZone, normalName, originsOf, zoneOf } from '../zones.ts';

export interface AutopathOptions {
  readonly zones: readonly string[];
  /** the plugin that knows each client's search path */
  readonly plugin?: string;
  /** the same for every client; its last element is empty */
  readonly search?: readonly string[];
}

/** The search list of a resolv.conf: `search` or `domain`, whichever comes last. */
function searchOf(resolvConf: string): readonly string[] {
  let search: readonly string[] = [];
  for (const line of resolvConf.split('\n')) {
    const [word, ...names] = line.trim().split(/\s+/);
    if (word === 'search') search = names;
    if (word === 'domain' && names[0] !== undefined) search = [names[0]];
  }
  return [...search.map(normalName), ''];
}

function readDirective({ name, arguments: found }: Directive, { zones, files, plugins }: PluginSetup): AutopathOptions {
  const source = found.at(-1);
  if (source === undefined) throw new CorefileError(name, 'plugin/autopath: no resolv-conf specified');
  const names = found.slice(0, -1).map(({ text }) => text);
  const origins = originsOf(names, zones);
  if (source.text.startsWith('@')) {
    const plugin = source.text.slice(1);
    if (plugin !== 'kubernetes' && plugins.has(plugin)) {
      throw new CorefileError(source, `plugin/autopath: ${plugin} does not implement the AutoPather interface`);
    }
    return { zones: origins, plugin };
  }
  const text = files[source.text];
  if (text === undefined) {
    const reason = `failed to parse "${source.text}": open ${source.text}: no such file or directory`;
    throw new CorefileError(source, `plugin/autopath: ${reason}`);
  }
  return { zones: origins, search: searchOf(text) };
}

/** Of several directives the last holds. */
export function readAutopathOptions(directives: readonly Directive[], setup: PluginSetup): AutopathOptions {
  return directives.map((directive) => readDirective(directive, setup)).at(-1)!;
}

/** Whether a name is one that the client has made with the first element of its search path. */
export function endsInFirst(lowerName: string, search: readonly string[]): boolean {
  return search[0] !== undefined && inZone(lowerName, search[0]);
}

/** The answer under the name that was asked for: an alias leads from there to what was found. */
function aliased(reply: DnsMessage, request: DnsRequest): DnsMessage {
  const found = reply.answers.find(({ name }) => name.toLowerCase() !== request.lowerName);
  const question = { ...reply.question, name: request.name };
  if (found === undefined) return { ...reply, question };
  const alias = { name: request.name, type: 'CNAME', ttl: found.ttl, data: found.name };
  return { ...reply, question, answers: [alias, ...reply.answers] };
}

class AutopathMemory implements Memory {
  successes = new Counter();

  copy(): AutopathMemory {
    const copy = new AutopathMemory();
    copy.successes = this.successes.copy();
    return copy;
  }
}

function autopathFamily({ successes }: AutopathMemory): MetricFamily {
  return {
    name: 'coredns_autopath_success_total',
    help: 'Counter of requests that did autopath.',
    type: 'counter',
    samples: successes.samples,
  };
}

interface Walk {
  readonly search: readonly string[];
  readonly next: Handler;
  readonly memory: AutopathMemory;
}

/** The first name of the path that exists; where none does, what was said of the first. */
function walked({ search, next, memory }: Walk, request: DnsRequest, context: DnsContext): DnsReply {
  const base = request.name.slice(0, -search[0]!.length - 1);
  if (base === '') return 'SERVFAIL';
  let first: DnsReply | undefined;
  for (const domain of search) {
    const name = `${base}.${domain}`;
    const reply = next({ ...request, name, lowerName: name.toLowerCase() }, context);
    if (typeof reply !== 'string' && !isMessage(reply)) return reply;
    first ??= reply;
    if (isMessage(reply) && reply.rcode !== 'NXDOMAIN') {
      memory.successes.add({ server: serverIn(context) });
      return aliased(reply, request);
    }
  }
  return first!;
}

export const autopath: Plugin = {
  name: 'autopath',
  setup(directives, setup) {
    const options = readAutopathOptions(directives, setup);
    return {
      remember: () => new AutopathMemory(),
      metrics: (memory) => [autopathFamily(memory as AutopathMemory)],
      handler: (next, memory, peers) => {
        const peer = options.plugin === undefined ? undefined : peers.get(options.plugin);
        return (request, context) => {
          if (zoneOf(request.lowerName, options.zones) === undefined) return next(request, context);
          const search = peer?.searchPath?.(request, context) ?? (peer === undefined ? options.search : undefined);
          if (search === undefined || !endsInFirst(request.lowerName, search)) return next(request, context);
          return walked({ search, next, memory: memory() as AutopathMemory }, request, context);
        };
      },
    };
  },
};
