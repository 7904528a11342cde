/**
 * The objects that bring CoreDNS up on AKS: two replicas behind Service kube-dns at the cluster's dnsServiceIP. AKS's
 * Service has no metrics port. What does not show in the network (resources, volumes, accounts) is left out.
 *
 * Source of the shape: kubernetes cluster/addons/dns/coredns/coredns.yaml.base; that AKS probes readiness every 10 seconds:
 * github.com/Azure/AKS/issues/2366.
 */
import { AKS_COREFILE } from './aks-corefile.ts';

/** A manifest as a user would apply it: what the apiserver fills in is left out. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: 'ConfigMap' | 'Service' | 'Deployment';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

const ADDON_LABELS = { 'addonmanager.kubernetes.io/mode': 'Reconcile', 'kubernetes.io/cluster-service': 'true' };
const POD_LABELS = { 'k8s-app': 'kube-dns' };
const IMAGE = 'mcr.microsoft.com/oss/v2/kubernetes/coredns';

function configMap(): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coredns', namespace: 'kube-system', labels: { ...ADDON_LABELS, ...POD_LABELS } },
    data: { Corefile: AKS_COREFILE },
  };
}

function service(dnsServiceIP: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kube-dns',
      namespace: 'kube-system',
      labels: { ...ADDON_LABELS, ...POD_LABELS, 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: dnsServiceIP,
      selector: POD_LABELS,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      ],
    },
  };
}

/** The pod takes the node's resolv.conf: `forward . /etc/resolv.conf` then leads outside, not back to itself. */
function podSpec(): object {
  return {
    dnsPolicy: 'Default',
    tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
    containers: [
      {
        name: 'coredns',
        image: IMAGE,
        args: ['-conf', '/etc/coredns/Corefile'],
        ports: [
          { name: 'dns', containerPort: 53, protocol: 'UDP' },
          { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
          { name: 'metrics', containerPort: 9153, protocol: 'TCP' },
        ],
        livenessProbe: {
          httpGet: { path: '/health', port: 8080, scheme: 'HTTP' },
          initialDelaySeconds: 60,
          timeoutSeconds: 5,
          successThreshold: 1,
          failureThreshold: 5,
        },
        readinessProbe: { httpGet: { path: '/ready', port: 8181, scheme: 'HTTP' } },
      },
    ],
  };
}

function deployment(): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'coredns',
      namespace: 'kube-system',
      labels: { ...ADDON_LABELS, ...POD_LABELS, 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' } },
      selector: { matchLabels: POD_LABELS },
      template: { metadata: { labels: { ...POD_LABELS, 'kubernetes.io/cluster-service': 'true' } }, spec: podSpec() },
    },
  };
}

/** In the order to apply them: the configuration before the pods that read it. */
export function corednsManifests({ dnsServiceIP }: { readonly dnsServiceIP: string }): readonly Manifest[] {
  return [configMap(), service(dnsServiceIP), deployment()];
}
