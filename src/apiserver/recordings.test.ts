/** Requests that a real kube-apiserver v1.36.2 answered, replayed. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type RecordedCase, replay } from './testing/recording.ts';

const DATA = new URL('../../test/conformance/data/api/', import.meta.url);

for (const file of readdirSync(DATA).filter((name) => name.endsWith('.json'))) {
  const { cases } = JSON.parse(readFileSync(new URL(file, DATA), 'utf8')) as {
    readonly cases: readonly RecordedCase[];
  };
  for (const recorded of cases) {
    test(`${file} ${recorded.name}`, () => {
      expect(replay(recorded)).toEqual({ result: 'passed' });
    });
  }
}

test('a replay whose answer differs from the recording says where', () => {
  const request = { method: 'GET', path: '/api/v1/namespaces/default' };
  const response = { status: 200, body: { kind: 'Namespace' } };
  const verdict = replay({ name: 'planted', setup: [], request, response });
  expect(verdict).toMatchObject({ result: 'failed', difference: expect.stringMatching(/^\/\w+: expected/) });
});
