/** kube-proxy's modes: what a sync leaves in a node's kernel. The whole cluster runs one of them. */
import { kubeProxy } from '../../controllers/index.ts';
import type { NodeFacts, Ruleset, ServiceTable } from '../dataplane/index.ts';
import type { ClusterSettings, Moment } from '../model/index.ts';
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
  const { serviceCidr, kubeProxyConfig } = settings.networkProfile;
  const podCidr = clusterCidrOf(settings);
  if (kubeProxyConfig?.enabled === false) return NO_PROXY;
  switch (kubeProxyConfig?.mode ?? 'iptables') {
    case 'iptables': {
      const config = kubeProxy.defaultKubeProxyConfig(podCidr);
      return rulesMode(true, (services, facts) => kubeProxy.kubeProxyRuleset(services, facts, config));
    }
    case 'nftables': {
      const config = kubeProxy.defaultNftablesConfig(podCidr, [serviceCidr]);
      return rulesMode(false, (services, facts) => kubeProxy.kubeProxyNftRuleset(services, facts, config));
    }
    case 'ipvs': {
      const { scheduler } = kubeProxyConfig?.ipvsConfig ?? { scheduler: 'rr' };
      return ipvsMode({ ...kubeProxy.defaultIpvsConfig(podCidr), scheduler });
    }
    default:
      throw new Error(`kube-proxy has no mode ${kubeProxyConfig?.mode}`);
  }
}

function rulesMode(routeLocalnet: boolean, write: RulesWriter): ProxyMode {
  return {
    balances: false,
    routeLocalnet,
    sync(kernel, services, facts) {
      kernel.services = services;
      kernel.facts = facts;
      kernel.rules = write(services, facts);
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
