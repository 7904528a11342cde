/** A recording of CoreDNS that says something else fails, and the difference names it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CaseResult } from '../suite.ts';
import { corednsSuite } from './coredns.ts';

interface Recorded {
  cases: { id: string; [field: string]: unknown }[];
}

function replay(file: string, id: string, change: (recorded: Recorded['cases'][number]) => void): CaseResult {
  const json: Recorded = JSON.parse(readFileSync(join(import.meta.dirname, '../data/coredns', file), 'utf8'));
  const recorded = json.cases.find((one) => one.id === id)!;
  change(recorded);
  return [...corednsSuite.run({ name: file, json: { ...json, cases: [recorded] } })][0]!;
}

const SERVICES = 'k8s_service_records.json';
const first = (records: unknown) => (records as { ttl: number; rdata: string; name: string }[])[0]!;

type Fields = Record<string, unknown>;
const expected = (recorded: Recorded['cases'][number]) => recorded['expect'] as Fields;
const lastStep = (recorded: Recorded['cases'][number]) => (recorded['steps'] as { expect: Fields }[]).at(-1)!.expect;

it.each<readonly [string, string, string, string, (recorded: Recorded['cases'][number]) => void]>([
  ['a code', SERVICES, 'k8s_service_records-013', 'rcode', (r) => (r['rcode'] = 'NOERROR')],
  ['a TTL', SERVICES, 'k8s_service_records-029', 'answer', (r) => (first(r['answer']).ttl = 6)],
  ['an address', SERVICES, 'k8s_service_records-029', 'answer', (r) => (first(r['answer']).rdata = '10.0.0.9')],
  ['a record less', SERVICES, 'k8s_service_records-008', 'answer', (r) => (r['answer'] as object[]).pop()],
  ['a field of the SOA', SERVICES, 'k8s_service_records-013', 'ns', (r) => (first(r['ns']).rdata += '0')],
  ['an additional record', SERVICES, 'k8s_service_records-003', 'extra', (r) => (r['extra'] = [])],
  ['truncation', SERVICES, 'k8s_service_records-043', 'truncated', (r) => (r['truncated'] = false)],
  ['falling through', 'k8s_derived.json', 'k8s_derived-075', 'falls_through', (r) => (r['falls_through'] = false)],
  [
    'the case of a name',
    'k8s_case_preserved.json',
    'k8s_case_preserved-004',
    'answer',
    (r) => (first(r['answer']).name = 'cluster.local.'),
  ],
  ['a setting', 'k8s_config.json', 'k8s_config-001', 'zone_count', (r) => (r['expect'] = { zone_count: 2 })],
  ['a setting that is not known', 'k8s_config.json', 'k8s_config-001', 'moons', (r) => (r['expect'] = { moons: 2 })],
  ['a part of a name', 'k8s_parse_name.json', 'k8s_parse_name-001', 'expect', (r) => (r['expect'] = {})],
  ['a rule', 'rewrite_config.json', 'rewrite_config-008', 'rule', (r) => (r['expect'] = { rule: 'name suffix' })],
  ['a rule that is refused', 'rewrite_config.json', 'rewrite_config-001', 'valid', (r) => (r['valid'] = true)],
  [
    'a rewritten question',
    'rewrite_names.json',
    'rewrite_names-002',
    'forwarded.qname',
    (r) => ((r['expect'] as { forwarded: { qname: string } }).forwarded.qname = 'foo.example.com.'),
  ],
  [
    'the owner of a rewritten answer',
    'rewrite_names.json',
    'rewrite_names-002',
    'response.answer_owner',
    (r) => ((r['expect'] as { response: { answer_owner: string } }).response.answer_owner = 'foo.example.com.'),
  ],
  [
    'an option of EDNS',
    'rewrite_edns0.json',
    'rewrite_edns0-005',
    'forwarded_options',
    (r) => ((r['expect'] as { forwarded_options: object[] }).forwarded_options = []),
  ],
  [
    'a rewritten code',
    'rewrite_responses.json',
    'rewrite_responses-018',
    'rcode',
    (r) => (r['expect'] = { rcode: 'FORMERR' }),
  ],
  [
    'a record of a transfer less',
    'k8s_zone_transfer.json',
    'k8s_zone_transfer-002',
    'records',
    (r) => (r['records'] as object[]).splice(5, 1),
  ],
  [
    'a label',
    'k8s_metadata.json',
    'k8s_metadata-003',
    'kubernetes/port-name',
    (r) => Object.assign(r['expect'] as object, { 'kubernetes/port-name': 'http' }),
  ],
  [
    'the search path',
    'autopath.json',
    'autopath-004',
    'server_side_search',
    (r) => (r['expect'] = { server_side_search: true }),
  ],
  [
    'what a load balancer leads to',
    'k8s_external_records.json',
    'k8s_external_records-020',
    'answer',
    (r) => (first(r['answer']).rdata = 'dummy.'),
  ],
  [
    'a serial that moves',
    'k8s_serial_changes.json',
    'k8s_serial_changes-002',
    'internal_changed',
    (r) => (r['expect'] = { internal_changed: false }),
  ],
  [
    'the address that weights put first',
    'loadbalance_weighted.json',
    'loadbalance_weighted-001',
    'top_address',
    (r) => (r['expect'] = { top_address: '10.240.0.3' }),
  ],
  [
    'a weight',
    'loadbalance_weighted.json',
    'loadbalance_weighted-017',
    'weights',
    (r) => (r['expect'] = { weights: { 'w1,example.org.': [['192.168.1.15', 10]] } }),
  ],
  ['a field that is not known', SERVICES, 'k8s_service_records-003', 'service_records-003', (r) => (r['moons'] = 2)],
  ['a kind that is not known', SERVICES, 'k8s_service_records-003', 'service_records-003', (r) => (r['kind'] = 'moon')],
  ['how long the cache keeps', 'cache_store.json', 'cache_store-010', 'ttl', (r) => (expected(r)['ttl'] = 9)],
  ['whether it keeps', 'cache_store.json', 'cache_store-005', 'cached', (r) => (expected(r)['cached'] = true)],
  ['a later TTL', 'cache_sequences.json', 'cache_sequences-011', 'answer_ttl', (r) => (lastStep(r)['answer_ttl'] = 1)],
  [
    'which item answers',
    'cache_sequences.json',
    'cache_sequences-063',
    'rcode',
    (r) => (expected(r)['rcode'] = 'NOERROR'),
  ],
  ['attempts', 'forward_behaviour.json', 'forward_behaviour-004', 'attempts', (r) => (expected(r)['attempts'] = 9)],
  [
    'who is down',
    'forward_behaviour.json',
    'forward_behaviour-020',
    'down',
    (r) => (expected(r)['upstream_down'] = []),
  ],
  ['a target', 'forward_targets.json', 'forward_targets-029', 'address', (r) => (expected(r)['address'] = '10.0.0.1')],
])('%s', (_, file, id, named, change) => {
  const result = replay(file, id, change);
  expect(result.outcome).toBe('failed');
  expect(result.outcome === 'failed' && result.difference.path).toContain(named);
});
