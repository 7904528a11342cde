/** The resolv.conf that kubelet makes for a pod. Source: Kubernetes pkg/kubelet/network/dns/dns.go, `GetPodDNS`. */
import type { Pod, PodDnsConfig } from '../../model/index.ts';
import { parseResolvConf, type ResolvConf, resolvConfText } from './resolv-conf.ts';

export interface KubeletDns {
  /** the kubelet's `clusterDNS`: dnsServiceIP on AKS */
  readonly clusterDns: readonly string[];
  /** `cluster.local` */
  readonly clusterDomain: string;
  /** the text of the node's own file */
  readonly nodeResolvConf: string;
}

const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_CHARACTERS_MAX = 2048;
const DOMAIN_CHARACTERS_MAX = 253;

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

function basis({ spec, metadata }: Pick<Pod, 'spec' | 'metadata'>, kubelet: KubeletDns): ResolvConf {
  const node = parseResolvConf(kubelet.nodeResolvConf);
  if (spec.dnsPolicy === 'None') return { nameservers: [], searches: [], options: [] };
  const usesNode = spec.dnsPolicy === 'Default' || (spec.dnsPolicy === 'ClusterFirst' && spec.hostNetwork === true);
  if (usesNode || kubelet.clusterDns.length === 0) return node;
  const { clusterDomain } = kubelet;
  const cluster =
    clusterDomain === '' ? [] : [`${metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return {
    nameservers: kubelet.clusterDns,
    searches: distinct([...cluster, ...node.searches]),
    options: ['ndots:5'],
  };
}

/** The pod's own options overrule those of the same name. Kubelet's order is a Go map's; here it is that of first mention. */
function mergedOptions(options: readonly string[], added: PodDnsConfig['options'] = []): readonly string[] {
  const values = new Map<string, string>();
  for (const option of options) {
    const colon = option.indexOf(':');
    values.set(colon < 0 ? option : option.slice(0, colon), colon < 0 ? '' : option.slice(colon + 1));
  }
  for (const { name, value = '' } of added) values.set(name, value);
  return [...values].map(([name, value]) => (value === '' ? name : `${name}:${value}`));
}

/** Drops what is too much, from the end. */
function withinLimits({ nameservers, searches, options }: ResolvConf): ResolvConf {
  const kept = searches.slice(0, SEARCHES_MAX).filter((search) => search.length <= DOMAIN_CHARACTERS_MAX);
  while (kept.join(' ').length > SEARCH_CHARACTERS_MAX) kept.pop();
  return { nameservers: nameservers.slice(0, NAMESERVERS_MAX), searches: kept, options };
}

export function resolvConfOf(
  pod: Pick<Pod, 'spec' | 'metadata'>,
  kubelet: KubeletDns,
): { readonly text: string; readonly conf: ResolvConf } {
  const base = basis(pod, kubelet);
  const own = pod.spec.dnsConfig;
  const merged: ResolvConf =
    own === undefined
      ? base
      : {
          nameservers: distinct([...base.nameservers, ...(own.nameservers ?? [])]),
          searches: distinct([...base.searches, ...(own.searches ?? [])]),
          options: mergedOptions(base.options, own.options),
        };
  const conf = withinLimits(merged);
  return { text: resolvConfText(conf), conf };
}
