import { expect, test } from 'vitest';
import { formatProblem } from './problem.ts';
import { readScenario } from './read-scenario.ts';

const HEADER = 'apiVersion: orrery/v1\nkind: Scenario\nmetadata: { name: example }\nspec:\n';
const FILES: { readonly [name: string]: string } = {
  'pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n',
  'two.yaml':
    '---\napiVersion: v1\nkind: Pod\nmetadata: { name: a }\n---\n---\napiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: Service, metadata: { name: b } }\n',
  'typo.yaml':
    'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n---\napiVersion: v1\nkind: Servise\nmetadata: { name: b }\n',
  'group.yaml': 'apiVersion: apps/v1\nkind: Pod\nmetadata: { name: a }\n',
  'broken.yaml': 'a: [1,\n',
  'empty.yaml': '# nothing\n',
};

function fileNamed(file: string) {
  const text = FILES[file];
  return text === undefined ? undefined : { file, text };
}

function read(spec: string, overrides: readonly string[] = []) {
  return readScenario({ file: 'example.yaml', text: HEADER + spec, readFile: fileNamed, overrides });
}

function problems(spec: string, overrides: readonly string[] = []): readonly string[] {
  const result = read(spec, overrides);
  return result.ok ? [] : result.problems.map(formatProblem);
}

test('what a script leaves out is what AKS would fill in', () => {
  const result = read('  steps: [{ settle: {} }]\n');
  expect(result).toMatchObject({
    ok: true,
    scenario: {
      name: 'example',
      seed: 1,
      settings: {
        networkProfile: {
          networkPluginMode: 'overlay',
          podCidr: '10.244.0.0/16',
          serviceCidr: '10.0.0.0/16',
          dnsServiceIP: '10.0.0.10',
        },
        agentPoolProfiles: [{ name: 'nodepool1', count: 3, maxPods: 250, vnetSubnet: 'aks-subnet' }],
        systemPods: true,
      },
      steps: [{ action: { verb: 'settle' } }],
    },
  });
});

test('a mistake in the settings is told at its line and column, with AKS code', () => {
  const spec =
    '  cluster:\n    networkProfile:\n      serviceCidr: 10.96.0.0/16\n      dnsServiceIP: 10.97.0.10\n  steps: [{ settle: {} }]\n';
  expect(problems(spec)).toEqual([
    'example.yaml:8:7 spec.cluster.networkProfile.dnsServiceIP: 10.97.0.10 is outside serviceCidr 10.96.0.0/16 (DnsServiceIpOutOfServiceCidr)',
  ]);
});

test.each([
  ['  steps: [{ setle: {} }]\n', 'example.yaml:5:13 spec.steps[0].setle: unknown field; did you mean settle?'],
  [
    '  steps: [{ title: x }]\n',
    'example.yaml:5:11 spec.steps[0]: a step does one thing; found none of apply, settle, advance, resolve, send, fault, scale, scaleNodePool, upgradeNodePool, updateNodePool, updateCluster, drain, replaceNode, delete, patch, az, cordon, uncordon, assert',
  ],
  [
    '  steps: [{ settle: {}, advance: 1s }]\n',
    'example.yaml:5:11 spec.steps[0]: a step does one thing; found settle and advance',
  ],
  ['  steps: [{ advance: 10 }]\n', 'example.yaml:5:13 spec.steps[0].advance: 10 is not a text'],
  [
    '  steps: [{ advance: 10 seconds }]\n',
    'example.yaml:5:13 spec.steps[0].advance: "10 seconds" is no duration, such as 500ms, 10s or 1m30s',
  ],
  ['  steps:\n    - resolve: { from: pod/a }\n', 'example.yaml:6:7 spec.steps[0].resolve.name: is required'],
  [
    '  steps:\n    - resolve: { from: service/a, name: b }\n',
    'example.yaml:6:18 spec.steps[0].resolve.from: "service/a" is no pod and no node, only these have a network to send from',
  ],
  [
    '  steps:\n    - resolve: { from: pod/a, name: b, expect: { rcode: NXDOMIAN } }\n',
    'example.yaml:6:50 spec.steps[0].resolve.expect.rcode: "NXDOMIAN" is not one of NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, TIMEOUT; did you mean NXDOMAIN?',
  ],
  [
    '  steps:\n    - send: { from: pod/a, to: my-api }\n',
    'example.yaml:6:28 spec.steps[0].send.to: "my-api" is no address to dial, such as http://my-api/hello or tcp://10.96.0.50:80',
  ],
  [
    '  steps:\n    - send: { from: pod/a, to: "tcp://b" }\n',
    'example.yaml:6:28 spec.steps[0].send.to: "tcp://b" names no port, and tcp has none of its own',
  ],
  [
    '  steps:\n    - scale: { pod/a: 3 }\n',
    'example.yaml:6:16 spec.steps[0].scale["pod/a"]: a Pod has no replicas, only a Deployment or a ReplicaSet has',
  ],
  [
    '  steps:\n    - scale: { deployment/a: -1 }\n',
    'example.yaml:6:16 spec.steps[0].scale["deployment/a"]: -1 is less than 0',
  ],
  [
    '  steps:\n    - delete: pdo/a\n',
    'example.yaml:6:7 spec.steps[0].delete: no kind is named "pdo"; did you mean pod?',
  ],
  [
    '  steps:\n    - scaleNodePool: { pool2: 3 }\n',
    'example.yaml:6:24 spec.steps[0].scaleNodePool.pool2: no agent pool is named pool2; known are nodepool1',
  ],
  [
    '  steps:\n    - fault: { kubeProxy: { node: node1 } }\n',
    'example.yaml:6:16 spec.steps[0].fault.kubeProxy: says none of lagMs, crashMs, crashAfterIntents, disconnect',
  ],
  ['  steps:\n    - apply: pods.yaml\n', 'example.yaml:6:7 spec.steps[0].apply: there is no file pods.yaml'],
  [
    '  steps:\n    - apply: [pod.yaml, typo.yaml]\n',
    'typo.yaml:6:1 kind: no kind is named "Servise"; did you mean Service?',
  ],
  ['  steps:\n    - apply: group.yaml\n', 'group.yaml:1:1 apiVersion: "apps/v1" has no Pod, v1 has'],
  [
    '  steps:\n    - apply: broken.yaml\n',
    'broken.yaml:2:1: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['  steps:\n    - settle: *nothing\n', 'example.yaml:6:15: *nothing names nothing that comes before it'],
  [
    '  steps:\n    - patch: { deployment/a: &a { spec: *a } }\n',
    'example.yaml:6:41: *a stands inside of what it names',
  ],
  ['  steps:\n    - scale: { [deployment/a]: 1 }\n', 'example.yaml:6:16: a list or a map is no key'],
  [
    '  steps:\n    - settle: {}\n      __proto__: {}\n',
    'example.yaml:7:7 spec.steps[0].__proto__: unknown field; known are title, apply, settle, advance, resolve, send, fault, scale, scaleNodePool, upgradeNodePool, updateNodePool, updateCluster, drain, replaceNode, delete, az, patch, cordon, uncordon, assert',
  ],
  [
    '  steps:\n    - assert: { apiVersion: v1, kind: Service, metadata: { name: { app: a } } }\n',
    'example.yaml:6:60 spec.steps[0].assert.metadata.name: a map of fields is not a text',
  ],
  [
    '  steps:\n    - az: { lb/web: { properties: { probes: [{ name: p, properties: { port: 80a } }] } } }\n',
    'example.yaml:6:71 spec.steps[0].az["lb/web"].properties.probes[0].properties.port: "80a" is not a number',
  ],
  [
    '  steps:\n    - az: { nsg/web/securityRules/r: { properties: { priority: 100, access: Allow, protocol: Tcp } } }\n',
    'example.yaml:6:40 spec.steps[0].az["nsg/web/securityRules/r"].properties.direction: is required',
  ],
  ['  steps:\n    - apply: empty.yaml\n', 'empty.yaml: holds no manifest'],
  [
    '  steps:\n    - apply: [{ apiVersion: v1, kind: Pod, metadata: {} }]\n',
    'example.yaml:6:44 spec.steps[0].apply[0].metadata.name: is required',
  ],
  ['  steps: []\n', 'example.yaml:5:3 spec.steps: is empty'],
  [
    '  cluster: { agentPoolProfiles: [{ name: p, podSubnet: aks-subnet }] }\n  steps: [{ settle: {} }]\n',
    'example.yaml:5:45 spec.cluster.agentPoolProfiles[0].podSubnet: only networkPlugin azure without a mode takes pods into a subnet (InvalidParameter)',
  ],
  [
    '  cluster: { agentPoolProfiles: [{ name: p, count: 3.5 }] }\n  steps: [{ settle: {} }]\n',
    'example.yaml:5:45 spec.cluster.agentPoolProfiles[0].count: 3.5 is not a whole number',
  ],
])('%j', (spec, sentence) => {
  expect(problems(spec)).toEqual([sentence]);
});

test('files may hold several manifests and Lists', () => {
  const result = read('  steps:\n    - apply: two.yaml\n');
  const action = result.ok ? result.scenario.steps[0]!.action : undefined;
  expect(action).toMatchObject({ verb: 'apply', manifests: [{ title: 'Pod a' }, { title: 'Service b' }] });
});

test('--set replaces a value, and is named where it is wrong', () => {
  const steps = '  steps: [{ settle: {} }]\n';
  expect(read(steps, ['seed=7', 'cluster.agentPoolProfiles=[{ name: p, count: 9 }]'])).toMatchObject({
    ok: true,
    scenario: { seed: 7, settings: { agentPoolProfiles: [{ name: 'p', count: 9, maxPods: 250 }] } },
  });
  expect(problems(steps, ['spec.seed=many'])).toEqual(['--set spec.seed=many spec.seed: "many" is not a number']);
  expect(problems(steps, ['seed'])).toEqual([
    '--set seed: is not path=value, such as cluster.agentPoolProfiles[0].count=5',
  ]);
});

const KUBE_PROXY = '  cluster: { networkProfile: { kubeProxyConfig: ';
const SETTLE = ' } }\n  steps: [{ settle: {} }]\n';

test.each([
  ['{ mode: NFTABLES }', { enabled: true, mode: 'nftables' }],
  ['{ mode: iptables, enabled: false }', { enabled: false, mode: 'iptables' }],
  ['{ mode: IPVS }', { enabled: true, mode: 'ipvs', ipvsConfig: { scheduler: 'rr' } }],
  [
    '{ mode: IPVS, ipvsConfig: { scheduler: LeastConnection } }',
    { enabled: true, mode: 'ipvs', ipvsConfig: { scheduler: 'lc' } },
  ],
  ['{ mode: ipvs, ipvsConfig: { scheduler: mh } }', { enabled: true, mode: 'ipvs', ipvsConfig: { scheduler: 'mh' } }],
])('kubeProxyConfig: %s', (text, kubeProxyConfig) => {
  const result = read(KUBE_PROXY + text + SETTLE);
  expect(result).toMatchObject({ ok: true, scenario: { settings: { networkProfile: { kubeProxyConfig } } } });
});

test.each([
  ['{ ipvsConfig: {} }', 'ipvsConfig: is for mode IPVS only, and the mode is iptables (InvalidParameter)'],
  [
    '{ mode: IPVS, ipvsConfig: { tcpTimeoutSeconds: 900 } }',
    'ipvsConfig.tcpTimeoutSeconds: is not emulated yet: connections live as long as conntrack says',
  ],
  ['{ mode: IPVS, ipvsConfig: { udpTimeoutSeconds: 0 } }', 'ipvsConfig.udpTimeoutSeconds: 0 is less than 1'],
])('kubeProxyConfig: %s is refused', (text, complaint) => {
  const [problem, ...more] = problems(KUBE_PROXY + text + SETTLE);
  expect([problem?.split('kubeProxyConfig.')[1], more]).toEqual([complaint, []]);
});

test('who sends may be outside of the cluster, who looks a name up may not', () => {
  expect(problems('  steps: [{ send: { from: external/203.0.113.7, to: "tcp://10.0.0.1:443" } }]\n')).toEqual([]);
  expect(problems('  steps: [{ send: { from: "external/2001:db8::7", to: "tcp://10.0.0.1:443" } }]\n')).toEqual([]);
  expect(problems('  steps: [{ send: { from: external/here, to: "tcp://10.0.0.1:443" } }]\n')).toEqual([
    'example.yaml:5:21 spec.steps[0].send.from: "here" is no IP address',
  ]);
  expect(problems('  steps: [{ resolve: { from: external/203.0.113.7, name: a } }]\n')).toHaveLength(1);
});
