import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], timeout: number, globalSetup: string[] = []) => ({
  test: {
    name,
    globalSetup,
    include,
    exclude: ['node_modules/**', 'dist/**'],
    testTimeout: timeout,
    hookTimeout: timeout,
    // Real programs share ports, cgroups and BPF maps: one file at a time, in a process of its own.
    fileParallelism: name === 'unit',
    pool: 'forks' as const,
    // V8 keeps account of code pages by a map that several threads' heaps share, and where the processor has protection keys
    // it ends the process when two of them race ("Check failed: jit_page.has_value()").
    execArgv: ['--no-memory-protection-keys'],
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
        ],
        30_000,
      ),
      project('integration', ['test/integration/**/*.test.ts'], 120_000),
      project('kernel', ['test/kernel/**/*.test.ts', 'test/recall/recall.test.ts'], 120_000, [
        'test/kernel/compile-once.ts',
      ]),
      project('kernels', ['test/kernels/**/*.test.ts'], 900_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 900_000),
    ],
  },
});
