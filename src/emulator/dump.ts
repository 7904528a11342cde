/** What the real tools would print on a node or in a pod. */
import { coredns } from '../../controllers/index.ts';
import {
  azureShow,
  azureShowAll,
  conntrackList,
  type Dataplane,
  ipRoute,
  iptablesSave,
  ipvsadmList,
  nftList,
  zoneFile,
} from '../dataplane/index.ts';
import { azure, type ClusterSettings, formatAddress, type Moment } from '../model/index.ts';
import type { Cloud } from './cloud/cloud.ts';
import type { NodeNetworks } from './node-networks.ts';
import { AZURE_RESOLVER } from './outside-names.ts';
import { NoSuchTargetError, type Traffic } from './traffic.ts';

export const DUMP_KINDS = [
  'iptables',
  'nftables',
  'ipvs',
  'conntrack',
  'routes',
  'resolv.conf',
  'metrics',
  'zone',
  'azure',
] as const;
export type DumpKind = (typeof DUMP_KINDS)[number];

export interface DumpParts {
  readonly settings: ClusterSettings;
  readonly dataplane: () => Dataplane;
  readonly networks: NodeNetworks;
  readonly traffic: Traffic;
  readonly now: () => Moment;
  readonly cloud: Cloud | undefined;
}

const CLUSTER_ZONE = 'cluster.local.';

/** `target` is a node's name or `pod/namespace/name` (for resolv.conf and metrics), or a resource of Azure's, `lb/kubernetes`, or its type. */
export function dump(kind: DumpKind, target: string, parts: DumpParts): string {
  switch (kind) {
    case 'iptables': {
      const rules = parts.networks.rulesetOf(nodeNamed(target, parts), 4);
      return rules === undefined ? '' : iptablesSave(rules);
    }
    case 'nftables':
      return nftList(parts.networks.rulesetOf(nodeNamed(target, parts), 4)?.nftables ?? []);
    case 'ipvs':
      return ipvsadmList(parts.networks.virtualServersOf(nodeNamed(target, parts)) ?? new Map());
    case 'conntrack':
      return conntrackList(parts.networks.conntrackOf(nodeNamed(target, parts), 4), parts.now());
    case 'routes':
      return ipRoute(parts.networks.world().node(nodeNamed(target, parts))?.routes() ?? []);
    case 'resolv.conf':
      return parts.traffic.resolvConf(target);
    case 'metrics':
      return parts.traffic.metricsOf(target);
    case 'zone':
      return zoneOf(parts);
    case 'azure':
      return resourcesNamed(target, parts);
    default:
      throw new Error(`unknown dump ${kind satisfies never}`);
  }
}

function nodeNamed(target: string, { dataplane }: DumpParts): string {
  const name = target.replace(/^node\//, '');
  if (dataplane().node.get(name) === undefined) throw new NoSuchTargetError(`there is no node ${name}`);
  return name;
}

function resourcesNamed(target: string, { cloud }: DumpParts): string {
  if (cloud === undefined) throw new NoSuchTargetError('the cluster is in no cloud; spec.azure puts it into one');
  const [kind = '', name] = target.split('/');
  if (kind === '') return azureShowAll(azure.RESOURCE_NAMES.flatMap((each) => cloud.arm.list(each)));
  if (!azure.isResourceName(kind))
    throw new NoSuchTargetError(`no resource of Azure is named ${kind}; there are ${azure.RESOURCE_NAMES.join(', ')}`);
  if (name === undefined) return azureShowAll(cloud.arm.list(kind));
  const resource = cloud.named(kind, name);
  if (resource === undefined) throw new NoSuchTargetError(`Azure has no ${kind} named ${name}`);
  return azureShow(resource);
}

/** What a transfer of the zone would hold, by the Corefile as it is, from the first of CoreDNS's pods that runs. */
function zoneOf({ dataplane }: DumpParts): string {
  const { file, process: processes, pod, ...facts } = dataplane();
  const files = file.toObject();
  // Whom it forwards to makes no difference to the zone.
  const started = coredns.startServer(files[coredns.COREFILE] ?? coredns.AKS_COREFILE, {
    files,
    nameservers: [AZURE_RESOLVER],
    resolve: () => [AZURE_RESOLVER],
  });
  if (!started.ok) throw new NoSuchTargetError(`CoreDNS has no zone: ${started.error.message}`);
  const running = [...processes.keys()].filter((key) => processes.get(key)?.running === true).sort();
  const localAddresses = running.slice(0, 1).flatMap((key) => (pod.get(key)?.addresses ?? []).map(formatAddress));
  const records = coredns.transferOf(started.server, CLUSTER_ZONE, { facts, localAddresses });
  if (records === undefined) throw new NoSuchTargetError(`CoreDNS serves no ${CLUSTER_ZONE}, by its Corefile`);
  return zoneFile(CLUSTER_ZONE, records);
}
