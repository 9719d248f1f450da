/**
 * `test` for files that need an API server: `test('…', async ({ apiServer }) => …)`. One server per file, started by the
 * first test that asks for it; the tests are skipped, with the reason, where the binaries are missing.
 */
import { test as base } from 'vitest';
import { startApiServer, type ApiServer } from './api-server.ts';
import { findBinaries } from './binaries.ts';

type Attempt = { readonly server: ApiServer } | { readonly reason: string };

export const test = base
  // oxlint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from the pattern and wants one
  .extend('apiServerOfFile', { scope: 'file' }, async ({}, { onCleanup }): Promise<Attempt> => {
    const binaries = findBinaries();
    if (!binaries.found) return { reason: binaries.reason };
    const server = await startApiServer(binaries.directory);
    onCleanup(() => server.stop());
    return { server };
  })
  .extend('apiServer', ({ apiServerOfFile, skip }): ApiServer => {
    if ('reason' in apiServerOfFile) return skip(apiServerOfFile.reason);
    return apiServerOfFile.server;
  });
