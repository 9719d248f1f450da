import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import { startApiServer } from './api-server.ts';
import { test } from './api-server-test.ts';
import { findBinaries } from './binaries.ts';

test('objects survive a killed API server', async ({ apiServer }) => {
  await apiServer.kubectl(['create', 'namespace', 'kept']);
  await apiServer.restart();
  expect(await apiServer.kubectl(['get', 'namespace', 'kept', '-o', 'name'])).toBe('namespace/kept\n');
});

test('stopping leaves neither process nor directory', async ({ apiServer, skip }) => {
  expect(apiServer.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
  const binaries = findBinaries();
  if (!binaries.found) return skip(binaries.reason);
  const second = await startApiServer(binaries.directory);
  expect(second.url).not.toBe(apiServer.url);
  await second.stop();
  expect(existsSync(dirname(second.kubeconfig))).toBe(false);
  await expect(second.kubectl(['get', '--raw', '/readyz'])).rejects.toThrow(/.+/);
});
