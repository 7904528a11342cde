/** kube-proxy's modes: what a sync leaves in a node's kernel. The whole cluster runs one of them. */
import { kubeProxy } from '../../controllers/index.ts';
import type { NodeFacts, Ruleset, ServiceTable } from '../dataplane/index.ts';
import type { ClusterSettings, Family, Moment } from '../model/index.ts';
import { Balancer } from './balancer.ts';
import type { Kernel } from './kernel.ts';

export interface ProxyMode {
  /** whether nodes balance by IPVS */
  readonly balances: boolean;
  /** net.ipv4.conf.all.route_localnet: only iptables mode lets node ports answer on 127.0.0.1, and sets it for that */
  readonly routeLocalnet: boolean;
  /** Brings the kernel to a version of the Services. */
  sync(kernel: Kernel, services: ServiceTable, facts: NodeFacts, at: Moment): void;
}

/** By which kube-proxy knows a pod's packet: the pods' range, or the subnet that their addresses come from. */
function clusterCidrOf({ agentPoolProfiles, networkProfile, virtualNetwork }: ClusterSettings): string {
  const [pool] = agentPoolProfiles;
  const name = pool?.podSubnet ?? pool?.vnetSubnet;
  const subnet = virtualNetwork.subnets.find((each) => each.name === name);
  return networkProfile.podCidr ?? subnet?.addressPrefix ?? '0.0.0.0/0';
}

type RulesWriter = (services: ServiceTable, facts: NodeFacts) => Ruleset;

/** Iptables mode where nothing else is asked for, as on AKS. */
export function proxyModeOf(settings: ClusterSettings): ProxyMode {
  const { serviceCidr, serviceCidrs = [], podCidrs = [], kubeProxyConfig } = settings.networkProfile;
  const podCidr = clusterCidrOf(settings);
  if (kubeProxyConfig?.enabled === false) return NO_PROXY;
  switch (kubeProxyConfig?.mode ?? 'iptables') {
    case 'iptables': {
      const writer = (cidr: string, family: Family): RulesWriter => {
        const config = kubeProxy.defaultKubeProxyConfig(cidr, family);
        return (services, facts) => kubeProxy.kubeProxyRuleset(services, facts, config);
      };
      return rulesMode(true, writer(podCidr, 4), podCidrs[1] === undefined ? undefined : writer(podCidrs[1], 6));
    }
    case 'nftables': {
      const writer = (cidr: string, services: string, family: Family): RulesWriter => {
        const config = kubeProxy.defaultNftablesConfig(cidr, [services], family);
        return (table, facts) => kubeProxy.kubeProxyNftRuleset(table, facts, config);
      };
      const [, ipv6] = podCidrs;
      const [, servicesIpv6] = serviceCidrs;
      const second = ipv6 === undefined || servicesIpv6 === undefined ? undefined : writer(ipv6, servicesIpv6, 6);
      return rulesMode(false, writer(podCidr, serviceCidr, 4), second);
    }
    case 'ipvs': {
      const { scheduler } = kubeProxyConfig?.ipvsConfig ?? { scheduler: 'rr' };
      return ipvsMode({ ...kubeProxy.defaultIpvsConfig(podCidr), scheduler });
    }
    default:
      throw new Error(`kube-proxy has no mode ${kubeProxyConfig?.mode}`);
  }
}

/** `writeIpv6`: of the kube-proxy of the second family, where the cluster has one. */
function rulesMode(routeLocalnet: boolean, write: RulesWriter, writeIpv6: RulesWriter | undefined): ProxyMode {
  return {
    balances: false,
    routeLocalnet,
    sync(kernel, services, facts) {
      kernel.services = services;
      kernel.facts = facts;
      kernel.rules = write(services, facts);
      kernel.rulesIpv6 = writeIpv6?.(services, facts);
    },
  };
}

function ipvsMode(config: kubeProxy.IpvsConfig): ProxyMode {
  return {
    balances: true,
    routeLocalnet: false,
    sync(kernel, services, facts, at) {
      kernel.services = services;
      kernel.facts = facts;
      kernel.balancer ??= new Balancer(config, kernel.conntrack[config.family]);
      kernel.rules = kernel.balancer.sync(services, facts, at);
    },
  };
}

/** The cluster brings its own, or none. */
const NO_PROXY: ProxyMode = {
  balances: false,
  routeLocalnet: false,
  sync(kernel, services, facts) {
    kernel.services = services;
    kernel.facts = facts;
  },
};
