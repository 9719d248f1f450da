/** Our own kinds on a test's API server. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ApiServer } from './api-server.ts';
import { test as base } from './api-server-test.ts';

const manifests = join(import.meta.dirname, '..', '..', 'crds', 'manifests');
const groupPath = 'apis/workloadsecurity.dev/v1alpha1';

/** Resolves when the kinds are established, and in discovery and OpenAPI, which follow a moment later. */
async function installKinds(server: ApiServer): Promise<void> {
  await server.kubectl(['apply', '--server-side', '-f', manifests]);
  await server.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  const served = (path: string): Promise<string> => server.kubectl(['get', '--raw', path]);
  await expect.poll(() => served('/openapi/v3')).toContain(groupPath);
  const both = /(?=.*securityprofiles)(?=.*workloadsecurityconfigs)/;
  await expect.poll(() => served(`/${groupPath}`)).toMatch(both);
}

/** `test` whose `withKinds(apiServer)` installs the kinds, once per file. */
export const test = base.extend('withKinds', { scope: 'file' }, () => {
  let ready: Promise<void> | undefined;
  return (server: ApiServer): Promise<void> => (ready ??= installKinds(server));
});
