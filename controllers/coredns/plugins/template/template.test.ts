/** The examples of the plugin's README (CoreDNS plugin/template/README.md), and what it refuses. */
import { expect, test } from 'vitest';
import { answer, startServer } from '../../index.ts';
import { asking, contextFor } from '../../test-facts.ts';

function asked(block: string, name: string, type = 'A') {
  const start = startServer(`.:53 {\n${block}\n}\n`);
  if (!start.ok) return start.error.message;
  const { rcode, answers, additionals, authorities } = answer(start.server, asking(name, type), contextFor());
  const lines = [...answers, ...authorities, ...additionals];
  return [rcode, ...lines.map(({ name: owner, ttl, type: kind, data }) => `${owner} ${ttl} ${kind} ${data}`)];
}

test('an address in the name is the address in the answer', () => {
  const block = `template IN A example.com {
    match ip-(?P<a>[0-9]*)-(?P<b>[0-9]*)-(?P<c>[0-9]*)-(?P<d>[0-9]*)[.]example[.]com
    answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
    fallthrough
  }`;
  expect(asked(block, 'ip-10-95-12-8.example.com.')).toEqual(['NOERROR', 'ip-10-95-12-8.example.com. 60 A 10.95.12.8']);
  expect(asked(block, 'ip-10-95-12-800.example.com.')).toEqual(['SERVFAIL']);
  expect(asked(block, 'www.example.com.')).toEqual(['SERVFAIL']);
});

test('groups by number, additional records and authorities, and the TTL that is left out', () => {
  const block = `template IN MX example.com {
    match ^(.*)[.]example[.]com[.]$
    answer "{{ .Name }} IN MX 10 {{ index .Match 1 }}.mail.{{ .Zone }}"
    additional "{{ index .Match 1 }}.mail.{{ .Zone }} 60 IN A 203.0.113.8"
    authority "{{ .Zone }} 60 IN NS ns0.example.com"
  }`;
  expect(asked(block, 'a.example.com.', 'MX')).toEqual([
    'NOERROR',
    'a.example.com. 3600 MX 10 a.mail.example.com.',
    'example.com. 60 NS ns0.example.com.',
    'a.mail.example.com. 60 A 203.0.113.8',
  ]);
});

test('an alias is followed through the server', () => {
  const block = `template IN A www.example {
    answer "{{ .Name }} 30 IN CNAME real.example"
  }
  hosts {
    203.0.113.9 real.example
  }`;
  expect(asked(block, 'www.example.')).toEqual([
    'NOERROR',
    'www.example. 30 CNAME real.example.',
    'real.example. 3600 A 203.0.113.9',
  ]);
});

test.each([
  [
    'template IN A {\n answer "{{ if .Name }}x{{ end }}"\n}',
    'Corefile:3 - Error during parsing: plugin/template: {{ if .Name }} is not emulated yet',
  ],
  [
    'template IN A {\n answer "{{ .Name"\n}',
    'Corefile:3 - Error during parsing: plugin/template: unclosed action in {{ .Name',
  ],
  [
    'template IN A {\n match "(?=a)"\n}',
    'Corefile:3 - Error during parsing: could not parse regex: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
  ],
  ['template IN NOPE', 'Corefile:2 - Error during parsing: invalid RR class NOPE'],
])('%s is refused', (block, message) => {
  expect(asked(block, 'example.')).toBe(message);
});
