import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'controllers/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    isolate: false,
    // A limit ends what hangs, such as a socket that nobody answers; how fast the machine is decides no test.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
