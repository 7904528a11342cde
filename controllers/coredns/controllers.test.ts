import { expect, test } from 'vitest';
import { type Dataplane, EMPTY_DATAPLANE, program } from '../../src/dataplane/index.ts';
import {
  azure,
  type ConfigMap,
  type EndpointSlice,
  type KubernetesObject,
  type Pod,
  type Service,
} from '../../src/model/index.ts';
import type { Controller, Intent, View } from '../../src/reconcile/index.ts';
import { AKS_COREFILE, COREFILE, corednsConfig, corednsImports, corednsPods, corednsRecords } from './index.ts';
import { recordsFor } from './test-facts.ts';

function notUsed(): never {
  throw new Error('not used');
}

/** A view over a few objects; slices are filed by the controller's own index function. */
function viewOf(objects: readonly KubernetesObject[], dataplane: Dataplane): View {
  const find = (kind: string, key: string) =>
    objects.find(({ kind: other, metadata }) => other === kind && `${metadata.namespace}/${metadata.name}` === key);
  const files = corednsRecords.indexes!.EndpointSlice!['coredns-slices-of-service']!;
  return {
    get: ((kind: string, key: string) => find(kind, key)) as View['get'],
    list: ((kind: string) => objects.filter((object) => object.kind === kind)) as View['list'],
    byIndex: ((_kind: string, _index: string, value: string) =>
      objects.filter((object) => object.kind === 'EndpointSlice' && files(object).includes(value))) as View['byIndex'],
    hasIndexed: notUsed,
    projection: notUsed,
    dataplane,
    cloud: azure.NO_CLOUD,
  };
}

function applied(dataplane: Dataplane, intents: readonly Intent[]): Dataplane {
  return intents.reduce((before, intent) => (intent.do === 'program' ? program(before, intent) : before), dataplane);
}

function reconciled(
  controller: Controller,
  objects: readonly KubernetesObject[],
  key: string,
  before: Dataplane,
  at = 5000,
) {
  const intents = controller.reconcile(viewOf(objects, before), key, at);
  return { intents, after: applied(before, intents) };
}

const { service, slices } = recordsFor('default/my-api', '10.96.0.50', ['10.244.1.10']) as {
  service: Service;
  slices: readonly EndpointSlice[];
};

test('a Service and its slices become its records, and a second look changes nothing', () => {
  const { after } = reconciled(corednsRecords, [service, ...slices], 'default/my-api', EMPTY_DATAPLANE);
  expect(after.dns.get('default/my-api')).toEqual({ service, slices });
  expect(after.dnsModified.get('internal')).toBe(5000);
  expect(reconciled(corednsRecords, [service, ...slices], 'default/my-api', after, 9000).intents).toEqual([]);
  const gone = reconciled(corednsRecords, [], 'default/my-api', after, 9000).after;
  expect([gone.dns.size, gone.dns.withClusterIP('10.96.0.50'), gone.dns.withEndpoint('10.244.1.10')]).toEqual([
    0,
    [],
    [],
  ]);
  expect(gone.dnsModified.get('internal')).toBe(9000);
});

test('what no answer shows does not move the serial', () => {
  const { after } = reconciled(corednsRecords, [service, ...slices], 'default/my-api', EMPTY_DATAPLANE);
  const same = { ...service, metadata: { ...service.metadata, resourceVersion: '2', annotations: { a: 'b' } } };
  const { intents } = reconciled(corednsRecords, [same, ...slices], 'default/my-api', after, 9000);
  expect(intents.map((intent) => (intent.do === 'program' ? intent.piece : intent.do))).toEqual(['dns']);
});

function configMap(name: string, data: Readonly<Record<string, string>>): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...service.metadata, name, namespace: 'kube-system' },
    data,
  };
}

test('what the pods have mounted follows both ConfigMaps, and stays when they are gone', () => {
  const config = configMap('coredns', { Corefile: AKS_COREFILE });
  const custom = configMap('coredns-custom', { 'a.override': 'log\n' });
  const both = reconciled(corednsConfig, [config, custom], 'kube-system/coredns', EMPTY_DATAPLANE);
  expect(both.after.file.toObject()).toEqual({ [COREFILE]: AKS_COREFILE, 'custom/a.override': 'log\n' });
  expect(reconciled(corednsConfig, [config, custom], 'kube-system/coredns', both.after).intents).toEqual([]);
  const without = reconciled(corednsConfig, [config], 'kube-system/coredns', both.after);
  expect(without.after.file.toObject()).toEqual({ [COREFILE]: AKS_COREFILE });
  expect(reconciled(corednsConfig, [], 'kube-system/coredns', without.after).intents).toEqual([]);
});

test('pods are read only where the Corefile verifies them', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...service.metadata, name: 'p' },
    spec: {},
    status: { phase: 'Running', podIP: '10.244.1.10' },
  } as unknown as Pod;
  const loaded = (corefile: string) => program(EMPTY_DATAPLANE, { piece: 'file', key: 'Corefile', value: corefile });
  expect(corednsPods.needs!.Pod!(EMPTY_DATAPLANE)).toBe(false);
  expect(corednsPods.needs!.Pod!(loaded(AKS_COREFILE))).toBe(false);
  expect(corednsPods.needs!.Pod!(loaded(AKS_COREFILE.replace('pods insecure', 'pods verified')))).toBe(true);
  const { after } = reconciled(corednsPods, [pod], 'default/p', EMPTY_DATAPLANE);
  expect(after.dnsPod.at('10.244.1.10')).toHaveLength(1);
  const finished = { ...pod, status: { ...pod.status, phase: 'Succeeded' as const } };
  expect(reconciled(corednsPods, [finished], 'default/p', after).after.dnsPod.at('10.244.1.10')).toEqual([]);
});

test('what other clusters offer is looked at only where the Corefile has a zone for it', () => {
  const loaded = (corefile: string) => program(EMPTY_DATAPLANE, { piece: 'file', key: 'Corefile', value: corefile });
  const zones =
    '.:53 {\n    kubernetes cluster.local clusterset.local {\n        multicluster clusterset.local\n    }\n}\n';
  expect(corednsImports.needs!.ServiceImport!(loaded(AKS_COREFILE))).toBe(false);
  expect(corednsImports.needs!.ServiceImport!(loaded(zones))).toBe(true);
});
