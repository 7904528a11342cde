/** Builders of clusters and manifests for tests and benchmarks. */
import type { ClusterSettings } from '../../src/model/index.ts';

export { NOTHING_AROUND } from '../../src/model/index.ts';

/** Three nodes of the seed documents' overlay cluster, unless told otherwise. */
export function aCluster(change: Partial<ClusterSettings> & { readonly nodes?: number } = {}): ClusterSettings {
  const { nodes = 3, ...settings } = change;
  return {
    networkProfile: {
      networkPlugin: 'azure',
      networkPluginMode: 'overlay',
      podCidr: '10.244.0.0/16',
      serviceCidr: '10.96.0.0/16',
      dnsServiceIP: '10.96.0.10',
    },
    virtualNetwork: { addressPrefixes: ['10.10.0.0/16'], subnets: [{ name: 'aks', addressPrefix: '10.10.12.0/24' }] },
    agentPoolProfiles: [{ name: 'nodepool1', count: nodes, maxPods: 250, vnetSubnet: 'aks' }],
    apiServer: { address: '10.10.12.250', port: 443 },
    systemPods: true,
    ...settings,
  };
}

/** Room for 5,000 nodes: a /9 of pods, a /19 of machines. */
export function aLargeCluster(nodes: number): ClusterSettings {
  return aCluster({
    networkProfile: {
      networkPlugin: 'azure',
      networkPluginMode: 'overlay',
      podCidr: '10.128.0.0/9',
      serviceCidr: '10.96.0.0/12',
      dnsServiceIP: '10.96.0.10',
    },
    virtualNetwork: { addressPrefixes: ['10.16.0.0/12'], subnets: [{ name: 'aks', addressPrefix: '10.16.0.0/19' }] },
    agentPoolProfiles: [{ name: 'nodepool1', count: nodes, maxPods: 250, vnetSubnet: 'aks' }],
    apiServer: { address: '10.16.31.250', port: 443 },
  });
}

export function aDeployment(name: string, replicas: number, pod: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name: 'app', image: 'registry.example/app:1', ports: [{ containerPort: 8080 }] }],
          ...pod,
        },
      },
    },
  };
}

export function aService(name: string, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  };
}

export function aPod(name: string, spec: object = {}, metadata: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name }, ...metadata },
    spec: { containers: [{ name: 'app', image: 'registry.example/app:1', ports: [{ containerPort: 8080 }] }], ...spec },
  };
}
