/** What the kubernetes plugin knows for k8s_external: Services at their external addresses. Source: CoreDNS plugin/kubernetes/external.go. */
import type { DnsService } from '../../../../src/dataplane/index.ts';
import type { DnsContext, DnsFacts, DnsRequest } from '../../plugin.ts';
import { externalServersOf, type NameServer, serialOf } from './apex.ts';
import { findAddresses, findEndpoints, type Hit, namespaceExposed } from './find.ts';
import { belowZone, withoutUnderscore } from './name.ts';
import type { KubernetesOptions } from './options.ts';
import { addressOfReverseName } from './reverse.ts';

/** What a name leads to; without hits, the code says whether it exists. */
export interface ExternalAnswer {
  readonly hits: readonly Hit[];
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
}

export interface ExternalNames {
  /** the kubernetes plugin's own, in seconds */
  readonly ttl: number;
  /** `zone` in lower case; with `headless`, endpoints have names too */
  find(request: DnsRequest, zone: string, headless: boolean, context: DnsContext): ExternalAnswer;
  /** the names, without a zone, at the address that a reverse name spells; undefined where it spells none */
  namesAt(request: DnsRequest, context: DnsContext): readonly string[] | undefined;
  nameServers(zone: string, headless: boolean, context: DnsContext): readonly NameServer[];
  serial(context: DnsContext): number;
}

interface ExternalParts {
  readonly namespace: string;
  readonly service: string;
  readonly endpoint: string;
  readonly port: string;
  readonly protocol: string;
}

/** `endpoint.service.namespace` or `_port._protocol.service.namespace`; undefined where there are more labels. */
function partsOf(name: string, zone: string): ExternalParts | undefined {
  const labels = belowZone(name, zone).split('.');
  const namespace = labels.pop() ?? '';
  const service = labels.pop() ?? '';
  const parts = { namespace, service, endpoint: '', port: '', protocol: '' };
  if (labels.length > 2) return undefined;
  if (labels.length === 2) {
    return { ...parts, port: withoutUnderscore(labels[0]!), protocol: withoutUnderscore(labels[1]!) };
  }
  return labels.length === 1 ? { ...parts, endpoint: withoutUnderscore(labels[0]!) } : parts;
}

function hitsOf(service: DnsService, parts: ExternalParts, headless: boolean, options: KubernetesOptions) {
  const base = `${service.name}.${service.namespace}`;
  if (headless && service.externalIPs.length === 0 && (service.headless || parts.endpoint !== '')) {
    return findEndpoints(service, parts, options, base);
  }
  return findAddresses(service.externalIPs, service.ports, parts, base) ?? [];
}

function find(
  request: DnsRequest,
  zone: string,
  headless: boolean,
  options: KubernetesOptions,
  facts: DnsFacts,
): ExternalAnswer {
  const parts = partsOf(request.lowerName, zone);
  const namespace = parts?.namespace ?? belowZone(request.lowerName, zone).split('.').at(-1)!;
  if (!namespaceExposed(namespace, options, facts) || parts === undefined) return { hits: [], rcode: 'NXDOMAIN' };
  if (parts.service === '') return { hits: [], rcode: 'NOERROR' };
  const service = facts.dns.service(`${parts.namespace}/${parts.service}`);
  const hits = service?.exists === true ? hitsOf(service, parts, headless, options) : [];
  return { hits, rcode: hits.length === 0 ? 'NXDOMAIN' : 'NOERROR' };
}

export function externalNames(options: KubernetesOptions): ExternalNames {
  return {
    ttl: options.ttl,
    find: (request, zone, headless, { facts }) => find(request, zone, headless, options, facts),
    namesAt(request, { facts }) {
      const address = addressOfReverseName(request.lowerName);
      if (address === undefined) return undefined;
      return facts.dns
        .withExternalIP(address)
        .filter(({ namespace }) => options.namespaces.size === 0 || namespaceExposed(namespace, options, facts))
        .map(({ name, namespace }) => `${name}.${namespace}`);
    },
    nameServers: (zone, headless, context) => externalServersOf(zone, headless, options, context),
    serial: (context) => serialOf('external', context),
  };
}
