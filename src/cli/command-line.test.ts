import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCommandLine } from './command-line.ts';

const directory = mkdtempSync(join(tmpdir(), 'orrery-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

const SCRIPT = `apiVersion: orrery/v1
kind: Scenario
metadata: { name: small }
spec:
  steps:
    - apply: my-api.yaml
    - settle: {}
    - resolve: { from: node/node1, name: my-api.default.svc.cluster.local. }
    - assert: { apiVersion: v1, kind: Service, metadata: { name: my-api }, spec: { clusterIP: 10.0.0.50 } }
`;
writeFileSync(join(directory, 'small.yaml'), SCRIPT);
writeFileSync(join(directory, 'failing.yaml'), SCRIPT.replace('10.0.0.50', '10.0.0.51'));
writeFileSync(
  join(directory, 'my-api.yaml'),
  'apiVersion: v1\nkind: Service\nmetadata: { name: my-api }\nspec: { clusterIP: 10.0.0.50, ports: [{ port: 80 }] }\n',
);

async function run(args: string, terminal = false) {
  const output = { stdout: '', stderr: '' };
  const exitCode = await runCommandLine(args.split(' '), {
    directory,
    stdout: (text) => {
      output.stdout += text;
    },
    stderr: (text) => {
      output.stderr += text;
    },
    isStdoutTerminal: terminal,
    isStderrTerminal: false,
  });
  return { exitCode, ...output };
}

test('run prints the transcript and ends with 0, the same bytes each time', async () => {
  const first = await run('run small.yaml');
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout).toContain('ok: Service my-api as described');
  expect(await run('run small.yaml')).toEqual(first);
});

test('a failed expectation ends with 1 and says what was found', async () => {
  const { exitCode, stdout } = await run('run failing.yaml');
  expect(exitCode).toBe(1);
  expect(stdout).toContain('FAILED: expected Service my-api: spec.clusterIP is "10.0.0.50", not "10.0.0.51"');
});

test('--quiet prints one line a script', async () => {
  const { exitCode, stdout, stderr } = await run('run small.yaml failing.yaml --quiet');
  expect(exitCode).toBe(1);
  expect(stdout).toBe('small.yaml: 1 expectations met, 0 failed\nfailing.yaml: 0 expectations met, 1 failed\n');
  expect(stderr).toMatch(/^expected Service my-api: /);
});

test('--seed and --set change the run', async () => {
  expect((await run('run small.yaml --seed 7')).stdout).toContain('\nseed 7;');
  expect((await run('run small.yaml --set cluster.agentPoolProfiles=[{"name":"pool","count":2}]')).stdout).toContain(
    'pool 2 nodes',
  );
});

test('--format json is one object a line, with every event', async () => {
  const { stdout } = await run('run small.yaml --format json');
  const entries = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { what: string; key?: string });
  expect(entries[0]).toMatchObject({ what: 'scenario', name: 'small' });
  expect(entries.some(({ what, key }) => what === 'event' && key === 'default/my-api')).toBe(true);
  expect(entries.at(-1)).toMatchObject({ what: 'end', failures: 0, expectations: 1 });
});

test('--format mermaid is a sequence diagram', async () => {
  const { stdout } = await run('run small.yaml --format mermaid');
  expect(stdout).toMatch(/^---\ntitle: "small"\n---\nsequenceDiagram\n {4}participant P1 as /);
});

test('--record writes the transcript to a file, without colours', async () => {
  const { exitCode, stdout } = await run('run small.yaml --trace --record out.txt', true);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
  expect(readFileSync(join(directory, 'out.txt'), 'utf8')).toBe((await run('run small.yaml --trace')).stdout);
});

test('colours only on a terminal', async () => {
  const escapeCode = String.fromCharCode(27);
  expect((await run('run small.yaml', true)).stdout).toContain(`${escapeCode}[`);
  expect((await run('run small.yaml')).stdout).not.toContain(escapeCode);
});

test('--timings tells wall and CPU time on stderr', async () => {
  expect((await run('run small.yaml --quiet --timings')).stderr).toMatch(
    /^wall [\d.]+ s, CPU [\d.]+ s \(user .*\), memory \d+ MiB\n$/,
  );
});

test('--log writes JSON lines, failures as errors', async () => {
  await run('run failing.yaml --quiet --log log.json');
  const lines = readFileSync(join(directory, 'log.json'), 'utf8').trimEnd().split('\n');
  const logged = lines.map((line) => JSON.parse(line) as { level: number; what: string });
  expect(logged.filter(({ level }) => level === 50).map(({ what }) => what)).toEqual(['expectation']);
});

test.each(['iptables --node node1', 'routes --node node1', 'conntrack --node node1', 'zone'])(
  'dump %s',
  async (what) => {
    const [kind, ...place] = what.split(' ');
    const { exitCode, stdout, stderr } = await run(['dump', kind, 'small.yaml', ...place].join(' '));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    if (kind === 'iptables') expect(stdout).toMatch(/^\*[a-z]+\n[\s\S]*COMMIT\n/m);
    if (kind === 'zone') expect(stdout).toContain('10.0.0.50');
  },
);

test.each([
  ['nftables', /^table ip kube-proxy \{\n[\s\S]*10\.0\.0\.50/],
  ['ipvs', /^IP Virtual Server version [\s\S]*\nTCP {2}10\.0\.0\.50:80 rr\n/],
])('dump %s, in that mode and in another', async (kind, shape) => {
  const command = `dump ${kind} small.yaml --node node1`;
  const inMode = await run(`${command} --set cluster.networkProfile.kubeProxyConfig.mode=${kind}`);
  expect({ ...inMode, stdout: '' }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect(inMode.stdout).toMatch(shape);
  const inAnother = await run(command);
  expect(inAnother.stderr).toBe(`orrery: kube-proxy runs in iptables mode here, without ${kind}\n`);
  expect(inAnother.stdout).not.toContain('10.0.0.50');
});

test('trace follows a request from outside', async () => {
  const { exitCode, stdout } = await run('trace small.yaml --from external/203.0.113.7 --to tcp://10.0.0.50:80');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('external/203.0.113.7');
  expect(stdout).toContain('outcome: timed-out');
});

test('trace follows one request', async () => {
  const { exitCode, stdout } = await run('trace small.yaml --from node/node1 --to tcp://10.0.0.50:80');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('OUTPUT nat');
  expect(stdout).toContain('outcome: refused');
});

test('--help shows examples', async () => {
  const { exitCode, stdout } = await run('--help');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('$ orrery run scenarios/seed-overlay.yaml --trace');
});
