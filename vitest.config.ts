import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Threads of tests load TypeScript. Node strips it with WebAssembly, anew in each thread, unless a cache has the result: slow,
// and V8 has ended test processes in its account of compiled code ("Check failed: jit_page.has_value()") as such threads ended.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/node');

const project = (name: string, include: string[], timeout: number, globalSetup: string[] = []) => ({
  test: {
    name,
    globalSetup,
    include,
    // What is awaited comes. How soon is not asked of a machine that has other things to do.
    expect: { poll: { timeout: timeout / 2 } },
    exclude: ['node_modules/**', 'dist/**'],
    testTimeout: timeout,
    hookTimeout: timeout,
    // Real programs share ports, cgroups and BPF maps: one file at a time, in a process of its own.
    fileParallelism: name === 'unit',
    pool: 'forks' as const,
  },
});

export default defineConfig({
  test: {
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      project(
        'unit',
        [
          '{core,crds,operator,agent,hack}/**/*.test.ts',
          'test/architecture/**/*.test.ts',
          'test/recall/strace/*.test.ts',
          'test/fixtures/*.test.ts',
          'test/delivery/*.test.ts',
        ],
        60_000,
      ),
      project('integration', ['test/integration/**/*.test.ts'], 300_000),
      project('kernel', ['test/kernel/**/*.test.ts', 'test/recall/recall.test.ts'], 300_000, [
        'test/kernel/compile-once.ts',
      ]),
      project('kernels', ['test/kernels/**/*.test.ts'], 1_800_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 900_000),
    ],
  },
});
