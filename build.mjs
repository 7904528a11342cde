/** Bundles each entry point into dist/. One file a command, so that a cold start reads one file. */
import { existsSync } from 'node:fs';
import { build } from 'esbuild';

const entries = {
  orrery: 'src/cli/main.ts',
  conformance: 'test/conformance/main.ts',
  bench: 'test/bench/main.ts',
  kernel: 'test/kernel/main.ts',
  'fuzz-plan': 'test/plan/main.ts',
  e2e: 'test/e2e/main.ts',
};

await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  sourcemap: true,
  minifySyntax: true,
  logLevel: 'warning',
  // CommonJS dependencies ask for `require` of Node's own modules at run time.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module';\nconst require = nodeRequire(import.meta.url);",
  },
});
