/** What is in a cluster before anybody applies anything: namespaces, and the apiserver's own Service and endpoints. */
import { type Program, UNFIXED_FILE } from '../dataplane/index.ts';
import type { ClusterSettings } from '../model/index.ts';
import { firstAddress } from './node-pool.ts';

const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const;

/** In the order to create them. Source: kubernetes pkg/controlplane (systemnamespaces, kubernetesservice, reconcilers). */
export function bootstrapManifests({ networkProfile, apiServer }: ClusterSettings): readonly object[] {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  return [
    ...SYSTEM_NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kubernetes', namespace: 'default', labels },
      spec: {
        type: 'ClusterIP',
        clusterIP: firstAddress(networkProfile.serviceCidr),
        ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: apiServer.port }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [apiServer.address], conditions: { ready: true } }],
      ports: [{ name: 'https', protocol: 'TCP', port: apiServer.port }],
    },
  ];
}

/** What the programs of the nodes find when they come up. */
export function bootstrapFiles({ azureCns }: ClusterSettings): readonly Program[] {
  const unfixed = azureCns?.unfixed ?? [];
  return unfixed.length === 0 ? [] : [{ piece: 'file', key: UNFIXED_FILE, value: unfixed.join(' ') }];
}
