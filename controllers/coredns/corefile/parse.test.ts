import { expect, test } from 'vitest';
import { AKS_COREFILE, CorefileError, parseCorefile, printCorefile, startServer } from '../index.ts';

function refusal(corefile: string, files: Readonly<Record<string, string>> = {}): string {
  const start = startServer(corefile, { files });
  return start.ok ? 'accepted' : start.error.message;
}

test('a printed Corefile reads as the one it was printed from', () => {
  const files = {
    'custom/log.override': 'log\n',
    'custom/corp.server': 'corp.example:53 {\n  forward . 10.0.0.53\n}\n',
  };
  const printed = printCorefile(parseCorefile(AKS_COREFILE, { files }));
  expect(printed).toContain('    log\n');
  expect(printed).toContain('corp.example:53 {\n    forward . 10.0.0.53\n}\n');
  expect(printed).not.toContain('import');
  expect(printCorefile(parseCorefile(printed))).toBe(printed);
});

test('comments, quotes, snippets and the environment', () => {
  const text =
    '# first\n(shared) {\n  cache 10 # short\n}\n.:{$PORT} {\n  import shared\n  template ANY ANY "a b.example" {\n    rcode NXDOMAIN\n  }\n}\n';
  const [block] = parseCorefile(text, { environment: { PORT: '53' } });
  expect(block!.keys.map((key) => key.text)).toEqual(['.:53']);
  expect(block!.directives.map(({ name }) => name.text)).toEqual(['cache', 'template']);
  expect(block!.directives[1]!.arguments.map((token) => token.text)).toEqual(['ANY', 'ANY', 'a b.example']);
});

test.each([
  ['.:53 {\n    cahce 30\n}\n', "Corefile:2 - Error during parsing: Unknown directive 'cahce'"],
  ['.:53 {\n    dnssec\n}\n', "Corefile:2 - Error during parsing: plugin 'dnssec' is not emulated yet"],
  [
    '.:53 {\n    cache 30\n    cache 10\n}\n',
    'Corefile:3 - Error during parsing: plugin/cache: this plugin can only be used once per Server Block',
  ],
  [
    '.:53 {\n    cache\n}\n.:53 {\n    errors\n}\n',
    'Corefile:4 - Error during parsing: cannot serve dns://.:53 - it is already defined',
  ],
  [
    '.:53 {\n    kubernetes cluster.local {\n        ttl 3601\n    }\n}\n',
    'Corefile:3 - Error during parsing: ttl must be in range [0, 3600]: 3601',
  ],
  ['.:53 {\n    cache 30\n', "Corefile:2 - Error during parsing: Unexpected EOF, expecting '}'"],
  ['(a) {\n  import a\n}\n.:53 {\n  import a\n}\n', 'Corefile:2 - Error during parsing: import a never ends'],
  // A brace ends a block at a line's start only: as Caddy reads it, it is one more argument of lameduck.
  [
    '.:53 {\n    health { lameduck 5s }\n}\n',
    "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after '}'",
  ],
])('%j is refused by place', (corefile, message) => {
  expect(refusal(corefile)).toBe(message);
});

test('a refusal in an imported file names that file', () => {
  const files = { 'custom/bad.override': 'log\nnonsense on\n' };
  expect(refusal(AKS_COREFILE, files)).toBe(
    "custom/bad.override:2 - Error during parsing: Unknown directive 'nonsense'",
  );
  expect(() => parseCorefile('import missing.conf\n')).toThrow(CorefileError);
});
