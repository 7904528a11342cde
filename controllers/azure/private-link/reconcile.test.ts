/** Who may have a private link service, and who shares it, as cloud-provider-azure's TestReconcilePrivateLinkService has it. */
import { expect, test } from 'vitest';
import type { azure, Service } from '../../../src/model/index.ts';
import { AKS_DEFAULTS, type CloudConfig } from '../cloud-config.ts';
import { reconcilePrivateLink } from './reconcile.ts';

const CONFIG: CloudConfig = {
  ...AKS_DEFAULTS,
  subscription: 's',
  resourceGroup: 'rg',
  location: 'westus',
  zones: [],
  virtualNetwork: 'vnet',
  subnet: 'aks',
  securityGroup: 'nsg',
};
const SUBNET = { name: 'aks', id: 'vnet/subnets/aks', properties: {} };
const FRONTEND = { name: 'aweb', id: 'lb/frontends/aweb', properties: {} };
const INTERNAL = 'azure-load-balancer-internal';
const CREATE = { 'azure-pls-create': 'true' };

function serviceWith(annotations: Readonly<Record<string, string>>, name = 'web'): Service {
  const keyed = Object.entries(annotations).map(([key, value]) => [`service.beta.kubernetes.io/${key}`, value]);
  const metadata = { name, namespace: 'default', uid: name, annotations: Object.fromEntries(keyed) };
  return { metadata, spec: { ipFamilies: ['IPv4'] }, status: { loadBalancer: {} } } as unknown as Service;
}

function link(service: Service, existing?: azure.PrivateLinkService, version: azure.IpVersion = 'IPv4') {
  return reconcilePrivateLink({ service, frontend: FRONTEND, version, existing, subnet: () => SUBNET, config: CONFIG });
}

const made = link(serviceWith({ [INTERNAL]: 'true', ...CREATE }))!;

test('it is made with one address of the subnet, under the name of the frontend', () =>
  expect(made).toMatchObject({
    id: '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/privateLinkServices/pls-aweb',
    tags: { 'k8s-azure-cluster-name': 'kubernetes', 'k8s-azure-owner-service': 'default/web' },
    properties: {
      loadBalancerFrontendIpConfigurations: [{ id: FRONTEND.id }],
      ipConfigurations: [{ name: 'aks-pls-aweb-dynamic-0', properties: { primary: true } }],
    },
  }));

test('nothing is written where nothing has changed, and all of it again where Azure could not finish', () => {
  const service = serviceWith({ [INTERNAL]: 'true', ...CREATE });
  expect(link(service, made)).toBeUndefined();
  const failed = { ...made, properties: { ...made.properties, provisioningState: 'Failed' as const } };
  expect(link(service, failed)).toEqual(failed);
});

test('a Service that does not ask for one leaves one that is there', () =>
  expect(link(serviceWith({ [INTERNAL]: 'true' }), made)).toBeUndefined());

test('another Service at the same frontend shares it as it is', () =>
  expect(link(serviceWith({ [INTERNAL]: 'true', ...CREATE }, 'other'), made)).toBeUndefined());

test.each([
  [
    'a public Service whose packets keep their destination',
    serviceWith(CREATE),
    undefined,
    'reconcilePrivateLinkService for service(default/web): service requiring private link service must be internal or disable floating ip',
  ],
  [
    'another Service that wants it otherwise',
    serviceWith({ [INTERNAL]: 'true', ...CREATE, 'azure-pls-fqdns': 'a.example' }, 'other'),
    made,
    'reconcilePrivateLinkService for service(default/other) failed: LB frontend(lb/frontends/aweb) already has existing private link service(pls-aweb) owned by service(default/web)',
  ],
  [
    "somebody's own",
    serviceWith({ [INTERNAL]: 'true', ...CREATE }),
    { ...made, tags: {} },
    `reconcilePrivateLinkService for service(default/web) failed: LB frontend(lb/frontends/aweb) already has unmanaged private link service(${made.id})`,
  ],
  [
    'fewer addresses than are named',
    serviceWith({ [INTERNAL]: 'true', ...CREATE, 'azure-pls-ip-configuration-ip-address': '10.0.0.4 10.0.0.5' }),
    undefined,
    'checkAndUpdatePLSIPConfigs: ipConfigCount(1) must be no smaller than number of static IPs specified(2)',
  ],
])('%s is refused', (_, service, existing, sentence) => expect(() => link(service, existing)).toThrow(sentence));

test('IPv6 alone is refused, beside IPv4 it is passed by', () => {
  const service = serviceWith({ [INTERNAL]: 'true', ...CREATE });
  expect(() => link(service, undefined, 'IPv6')).toThrow('IPv6 is not supported for private link service');
  const both = { ...service, spec: { ...service.spec, ipFamilies: ['IPv4', 'IPv6'] } } as Service;
  expect(link(both, undefined, 'IPv6')).toBeUndefined();
});
