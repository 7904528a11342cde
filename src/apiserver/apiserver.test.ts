import { expect, test } from 'vitest';
import type { Deployment, Pod, ReplicaSet, Service } from '../model/index.ts';
import { aPod, aService, stored, testServer } from './testing/server.ts';

const aReplicaSet = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'app:1' }] } },
  },
});

test('a stored object is frozen and carries the revision at which it lies', () => {
  const { apiserver, context, store } = testServer();
  const pod = stored(apiserver.create(aPod('p'), context()));
  expect(pod.metadata.resourceVersion).toBe(String(store.revision));
  expect(store.get('pods/default/p')?.value).toBe(pod);
  expect(Object.isFrozen(pod.metadata.labels)).toBe(true);
});

test('a write that changes nothing makes no revision and answers with the very object', () => {
  const { apiserver, context, store } = testServer();
  const service = stored(apiserver.create(aService('s', { selector: { app: 'x' } }), context()));
  const { revision } = store;
  const outcomes = [
    apiserver.update(JSON.parse(JSON.stringify(service)), context()),
    apiserver.patch('Service', 'default/s', { spec: { ports: [{ port: 80 }] } }, {}, context()),
    apiserver.updateStatus({ ...service, spec: {} }, context()),
  ];
  for (const outcome of outcomes) expect(outcome).toEqual({ ok: true, object: service, changed: false });
  expect(store.revision).toBe(revision);
});

test('a change shares every part that it leaves alone', () => {
  const { apiserver, context } = testServer();
  const pod = stored(apiserver.create(aPod('p'), context())) as Pod;
  const status = { phase: 'Running', podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }] };
  const running = stored(apiserver.patch('Pod', 'default/p', { status }, { status: true }, context())) as Pod;
  expect(running.spec).toBe(pod.spec);
  expect(running.metadata.labels).toBe(pod.metadata.labels);
  expect(running.status).toEqual({ ...pod.status, ...status });
});

test('pods of one template share one spec, admitted and complete', () => {
  const { apiserver, context } = testServer();
  const { spec } = stored(apiserver.create(aReplicaSet('r'), context())) as ReplicaSet;
  const [a, b] = ['a', 'b'].map((name) => {
    const draft = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: spec.template.spec };
    return stored(apiserver.create(draft, context())) as Pod;
  }) as [Pod, Pod];
  expect(a.spec).toBe(b.spec);
  expect(a.spec).toMatchObject({ priority: 0, enableServiceLinks: true });
  expect(a.spec.tolerations).toHaveLength(2);
});

test('a spec that is refused is refused again, frozen or not', () => {
  const { apiserver, context } = testServer();
  const spec = Object.freeze({ containers: [{ name: 'C', image: 'app:1' }] });
  for (let i = 0; i < 2; i++) {
    const outcome = apiserver.create({ ...aPod('p'), spec }, context());
    expect(outcome).toMatchObject({ ok: false, status: { code: 422, reason: 'Invalid' } });
  }
});

test('binding gives a pod its node, that node’s zone and the condition PodScheduled, once', () => {
  const { apiserver, context } = testServer();
  const labels = { 'topology.kubernetes.io/zone': 'z1', 'kubernetes.io/os': 'linux' };
  stored(apiserver.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1', labels } }, context()));
  const { metadata } = stored(apiserver.create(aPod('p'), context()));
  expect(apiserver.bind('default/p', 'another', 'node1', context())).toMatchObject({
    ok: false,
    status: { code: 409 },
  });
  const bound = stored(apiserver.bind('default/p', metadata.uid, 'node1', context(5000)));
  expect(bound.spec.nodeName).toBe('node1');
  expect(bound.metadata.labels).toEqual({ app: 'x', 'topology.kubernetes.io/zone': 'z1' });
  expect(bound.metadata.generation).toBe(1);
  expect(bound.status.conditions).toEqual([
    { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:05Z' },
  ]);
  expect(apiserver.bind('default/p', metadata.uid, 'node2', context())).toMatchObject({
    ok: false,
    status: {
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "node1"',
    },
  });
});

test('a graceful delete is seen by watchers before the pod is gone', () => {
  const { apiserver, context, store } = testServer();
  stored(apiserver.create(aPod('p'), context()));
  const seen: string[] = [];
  const watch = store
    .watch('pods/')
    .subscribe(({ value }) => seen.push(value === undefined ? 'gone' : `going ${value.metadata.deletionTimestamp}`));
  stored(apiserver.delete('Pod', 'default/p', {}, context(1000)));
  watch.unsubscribe();
  expect(seen).toEqual(['going 2026-01-01T00:00:01Z', 'gone']);
});

test('a terminating namespace takes nothing new and goes when its finalizers do', () => {
  const { apiserver, context } = testServer();
  stored(apiserver.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } }, context()));
  const terminating = stored(apiserver.delete('Namespace', 'n', {}, context()));
  const late = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'n' } };
  expect(apiserver.create(late, context())).toMatchObject({ ok: false, status: { code: 403, reason: 'Forbidden' } });
  const patch = { spec: { finalizers: [] } };
  stored(apiserver.patch('Namespace', 'n', patch, {}, context()));
  expect(apiserver.get('Namespace', 'n')).toBe(terminating);
  stored(apiserver.patch('Namespace', 'n', patch, { finalize: true }, context()));
  expect(apiserver.get('Namespace', 'n')).toBeUndefined();
  expect(apiserver.delete('Namespace', 'kube-system', {}, context())).toMatchObject({
    ok: false,
    status: { code: 403 },
  });
});

const aDeployment = (containers: readonly object[], extra: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', ...extra },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers } } },
});

test('apply takes out what the last manifest said and this one does not, and leaves what others wrote', () => {
  const { apiserver, context } = testServer();
  const first = aDeployment(
    [
      { name: 'c', image: 'app:1', env: [{ name: 'A', value: '1' }] },
      { name: 'side', image: 'side:1' },
    ],
    { labels: { team: 'x' } },
  );
  expect(apiserver.apply(first, context())).toMatchObject({ ok: true, changed: true });
  expect(apiserver.apply(first, context())).toMatchObject({ ok: true, changed: false });
  stored(apiserver.scale('Deployment', 'default/d', 3, context()));
  stored(apiserver.patch('Deployment', 'default/d', { metadata: { labels: { other: 'y' } } }, {}, context()));
  const { metadata, spec } = stored(
    apiserver.apply(aDeployment([{ name: 'c', image: 'app:2' }], { labels: { tier: 'z' } }), context()),
  ) as Deployment;
  expect(metadata.labels).toEqual({ other: 'y', tier: 'z' });
  expect(metadata.generation).toBe(3);
  expect(spec.replicas).toBe(3);
  expect(spec.template.spec.containers).toEqual([
    expect.objectContaining({ name: 'c', image: 'app:2', imagePullPolicy: 'IfNotPresent' }),
  ]);
  expect(spec.template.spec.containers[0]).not.toHaveProperty('env');
});

test('an applied Service keeps the address and the node port that it was given', () => {
  const { apiserver, context } = testServer();
  const before = stored(apiserver.apply(aService('s', { type: 'NodePort' }), context())) as Service;
  const after = stored(
    apiserver.apply(aService('s', { type: 'NodePort', selector: { app: 'x' } }), context()),
  ) as Service;
  expect(after.spec).toEqual({ ...before.spec, selector: { app: 'x' } });
});

test('what is no object of the API is refused with a sentence', () => {
  const { apiserver, context } = testServer();
  const message = (draft: unknown) => {
    const outcome = apiserver.create(draft, context());
    return outcome.ok ? 'created' : `${outcome.status.code} ${outcome.status.message}`;
  };
  expect(message('pod')).toMatch(/^400 /);
  expect(message({ apiVersion: 'v1' })).toBe(`400 Object 'Kind' is missing in '{"apiVersion":"v1"}'`);
  expect(message({ apiVersion: 'v2', kind: 'Pod' })).toBe('404 no matches for kind "Pod" in version "v2"');
  expect(message({ ...aPod('p'), metadata: 7 })).toMatch(/^400 Pod in version "v1" cannot be handled as a Pod: json:/);
  expect(message({ ...aPod('p'), metadata: { name: 'p', namespace: 'none' } })).toBe('404 namespaces "none" not found');
});

test('a template on the host network keeps its ports open; a pod made of it takes them on the host', () => {
  const { apiserver, context } = testServer();
  const spec = { hostNetwork: true, containers: [{ name: 'c', image: 'app:1', ports: [{ containerPort: 8080 }] }] };
  const { template, ...rest } = aReplicaSet('r').spec;
  const replicaSet = { ...aReplicaSet('r'), spec: { ...rest, template: { ...template, spec } } };
  const made = stored(apiserver.create(replicaSet, context())) as ReplicaSet;
  expect(made.spec.template.spec.containers[0]?.ports?.[0]).toEqual({ containerPort: 8080, protocol: 'TCP' });
  const pod = stored(apiserver.create({ ...aPod('p'), spec: made.spec.template.spec }, context())) as Pod;
  expect(pod.spec.containers[0]?.ports?.[0]?.hostPort).toBe(8080);
});
