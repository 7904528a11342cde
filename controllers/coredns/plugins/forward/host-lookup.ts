/**
 * The addresses of a name server that a Corefile names by its host name: asked for once, when the Corefile is loaded.
 *
 * Source: CoreDNS plugin/forward/resolve.go (`lookupHost`); Go's net.LookupHost with a resolv.conf without a search list.
 */
import type { DnsMessage, RecordType } from '../../../../src/model/index.ts';
import { queryFor } from '../../message.ts';
import type { UpstreamReply } from '../../plugin.ts';
import { normalName } from '../../zones.ts';
import { joinHostPort, splitHostPort } from '../options.ts';

export interface HostLookup {
  /** whom the pod's resolv.conf names */
  readonly nameservers: readonly string[];
  /** sends a query over UDP, to `168.63.129.16:53` */
  readonly ask: (server: string, query: DnsMessage) => UpstreamReply;
  /** the address and port that a query is sent from, as errors tell of it */
  readonly from: () => string;
}

/** Why there are none, in CoreDNS's words. */
interface Failed {
  readonly error: string;
}

type Answer = { readonly message: DnsMessage } | Failed;

function answerOf(server: string, name: string, type: RecordType, { ask, from }: HostLookup): Answer {
  const reply = ask(server, queryFor(name, type, true));
  if (reply.outcome === 'replied') return { message: reply.message };
  const reason = reply.outcome === 'silent' ? 'i/o timeout' : 'read: connection refused';
  return { error: `read udp ${from()}->${server}: ${reason}` };
}

function addressesIn({ answers }: DnsMessage, type: RecordType): readonly string[] {
  return answers.filter((record) => record.type === type).map(({ data }) => data);
}

/** Each resolver in turn, until one knows an address. */
function fromResolvers(hostname: string, resolvers: readonly string[], lookup: HostLookup): readonly string[] | Failed {
  const name = normalName(hostname);
  let last = '';
  for (const resolver of resolvers) {
    const server = splitHostPort(resolver) === undefined ? joinHostPort(resolver, 53) : resolver;
    const ipv4 = answerOf(server, name, 'A', lookup);
    const ipv6 = 'error' in ipv4 ? ipv4 : answerOf(server, name, 'AAAA', lookup);
    const found = [
      ...('error' in ipv4 ? [] : addressesIn(ipv4.message, 'A')),
      ...('error' in ipv6 ? [] : addressesIn(ipv6.message, 'AAAA')),
    ];
    if (found.length > 0) return found;
    if ('error' in ipv6) last = `: ${ipv6.error}`;
  }
  return { error: `no addresses found for "${hostname}"${last}` };
}

/** A server that does not know the name is believed; one that fails is not, and the next is asked. */
function fromSystem(hostname: string, lookup: HostLookup): readonly string[] | Failed {
  const name = normalName(hostname);
  let last: Failed = { error: `lookup ${hostname}: no such host` };
  for (const address of lookup.nameservers) {
    const server = joinHostPort(address, 53);
    const answers = (['A', 'AAAA'] as const).map((type) => [type, answerOf(server, name, type, lookup)] as const);
    const failure = (reason: string) => ({ error: `lookup ${hostname} on ${server}: ${reason}` });
    const found = answers.flatMap(([type, one]) => ('error' in one ? [] : addressesIn(one.message, type)));
    if (found.length > 0) return found;
    const [, first] = answers[0]!;
    if ('error' in first) last = failure(first.error);
    else if (first.message.rcode === 'NOERROR' || first.message.rcode === 'NXDOMAIN') return failure('no such host');
    else last = failure('server misbehaving');
  }
  return last;
}

/** IPv4 first, as written; without resolvers the pod's own name servers are asked. */
export function lookUpHost(
  hostname: string,
  resolvers: readonly string[],
  lookup: HostLookup,
): readonly string[] | Failed {
  return resolvers.length === 0 ? fromSystem(hostname, lookup) : fromResolvers(hostname, resolvers, lookup);
}
