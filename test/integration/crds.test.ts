import { expect } from 'vitest';
import { z } from 'zod';
import type { SecurityProfile } from '../../crds/security-profile.ts';
import type { WorkloadSecurityConfig } from '../../crds/workload-security-config.ts';
import { parseSettings } from '../../operator/settings.ts';
import type { ApiServer } from './api-server.ts';
import { test } from './kinds.ts';
import { largeProfile, sampleProfile, sampleStatus } from './sample-profile.ts';

function apply(server: ApiServer, object: unknown, ...more: string[]): Promise<string> {
  const manager = '--field-manager=workload-security-operator';
  return server.kubectl(
    ['apply', '--server-side', '--force-conflicts', manager, ...more, '-f', '-'],
    JSON.stringify(object),
  );
}

const withImageTag = (profile: SecurityProfile, tag: string): SecurityProfile => ({
  ...profile,
  spec: { ...profile.spec, image: { ...profile.spec.image, tag } },
});

test('an image cannot change, not even by cluster-admin', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const profile = sampleProfile('image');
  await apply(apiServer, profile);
  await expect(apply(apiServer, withImageTag(profile, '1.28'))).rejects.toThrow(
    /spec\.image: Invalid value: .*cannot be changed; delete the object and create another/s,
  );
});

test('a sealed spec cannot change, be unsealed or lose a field; its status can', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const learning = sampleProfile('sealed');
  const sealed: SecurityProfile = { ...learning, spec: { ...learning.spec, sealed: true } };
  await apply(apiServer, learning);
  await apply(apiServer, sealed);
  const refusal = /the profile is sealed and cannot be changed; delete it to learn anew/;
  const behavior = { ...sealed.spec.behavior, files: [] };
  await expect(apply(apiServer, { ...sealed, spec: { ...sealed.spec, behavior } })).rejects.toThrow(refusal);
  await expect(apply(apiServer, { ...sealed, spec: { ...sealed.spec, sealed: false } })).rejects.toThrow(refusal);
  const patch = ['patch', 'securityprofile', 'sealed', '--type=json', '-p'];
  const remove = JSON.stringify([{ op: 'remove', path: '/spec/sealed' }]);
  await expect(apiServer.kubectl([...patch, remove])).rejects.toThrow(refusal);
  await apply(apiServer, { ...learning, spec: undefined, status: sampleStatus(2) }, '--subresource=status');
  expect(await apiServer.kubectl(['get', 'wsp', 'sealed', '-o', 'jsonpath={.spec.sealed} {.status.snapshots}'])).toBe(
    'true 3',
  );
});

test('bad profiles are refused with the field and the reason', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const good = sampleProfile('bad');
  const [process] = good.spec.behavior.processes;
  const spec = (behavior: object): object => ({
    ...good,
    spec: { ...good.spec, behavior: { ...good.spec.behavior, ...behavior } },
  });
  await expect(apply(apiServer, withImageTag(good, 'not a tag'))).rejects.toThrow(
    /spec\.image\.tag: Invalid value: "not a tag"/,
  );
  await expect(apply(apiServer, spec({ processes: [{ ...process, commonality: 101 }] }))).rejects.toThrow(
    /spec\.behavior\.processes\[0\]\.commonality: Invalid value: 101: .*should be less than or equal to 100/,
  );
  await expect(apply(apiServer, spec({ processes: [{ ...process, actors: ['intruder'] }] }))).rejects.toThrow(
    /actors\[0\]: Unsupported value: "intruder": supported values: "entrypoint", "exec", "unknown"/,
  );
  await expect(apply(apiServer, spec({ processes: undefined }))).rejects.toThrow(
    /spec\.behavior\.processes: Required value/,
  );
  await expect(apply(apiServer, spec({ proceses: [] }))).rejects.toThrow(
    /\.spec\.behavior\.proceses: field not declared in schema/,
  );
});

test('kubectl explains fields and shows columns', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const explained = await apiServer.kubectl(['explain', 'securityprofile.spec.behavior.processes']);
  expect(explained).toContain('Path of the program.');
  expect(explained).toContain('maxInstances\t<integer> -required-');
  const profile = sampleProfile('columns');
  await apply(apiServer, profile);
  await apply(apiServer, { ...profile, spec: undefined, status: sampleStatus(1) }, '--subresource=status');
  const [header, row] = (await apiServer.kubectl(['get', 'wsp', 'columns'])).split('\n');
  expect(header?.split(/\s+/)).toEqual([
    'NAME',
    'IMAGE',
    'TAG',
    'STATUS',
    'COMMONALITY',
    'SNAPSHOTS',
    'CONTAINERS',
    'UPDATED',
    'AGE',
  ]);
  expect(row).toMatch(/^columns +docker\.io\/library\/nginx +1\.27 +Learning +97 +3 +3 /);
  const wide = await apiServer.kubectl(['get', 'workload-security', '-o', 'wide']);
  expect(wide).toMatch(/NODES +PROCESSES +FILES +DNS +NETWORK +LOST/);
});

const managedFields = z.object({ metadata: z.object({ managedFields: z.array(z.unknown()) }) });

test('a profile of full size costs less than 1 KB of managedFields', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const profile = largeProfile('large', 190 * 1024);
  const bytes = JSON.stringify(profile).length;
  expect(bytes).toBeGreaterThan(185 * 1024);
  expect(bytes).toBeLessThan(192 * 1024);
  await apply(apiServer, profile);
  await apply(apiServer, { ...profile, spec: undefined, status: sampleStatus(1) }, '--subresource=status');
  const answer = await apiServer.kubectl(['get', 'wsp', 'large', '-o', 'json', '--show-managed-fields']);
  const fields = managedFields.parse(JSON.parse(answer)).metadata.managedFields;
  expect(fields).toHaveLength(2);
  const size = JSON.stringify(fields).length;
  console.log(`profile of ${bytes} bytes: managedFields ${size} bytes`);
  expect(size).toBeLessThan(1_000);
});

const config = (spec: object, name = 'default'): object => ({
  apiVersion: 'workloadsecurity.dev/v1alpha1',
  kind: 'WorkloadSecurityConfig',
  metadata: { name },
  spec,
});

test('settings that are all spelled out are kept as they are', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  const full: WorkloadSecurityConfig = {
    apiVersion: 'workloadsecurity.dev/v1alpha1',
    kind: 'WorkloadSecurityConfig',
    metadata: { name: 'default' },
    spec: {
      profiling: {
        enabled: true,
        maxContainersPerNode: 3,
        snapshotPeriod: '1m30s',
        exclude: [{ namespace: 'kube-system' }, { image: 'registry.example.com:5000/**:latest' }],
      },
      learning: {
        snapshots: 10,
        period: '1h',
        minSnapshotCoverage: '30s',
        startPhase: '1m',
        onNewDigest: 'Keep',
        clusterDomain: 'k8s.corp',
        searchDomains: ['eu-west-1.compute.internal', 'corp.example.com'],
      },
      publishing: { interval: '10s', labels: ['team', 'app.kubernetes.io/name'] },
      retention: {
        snapshotAge: '24h',
        snapshotBytes: 1_048_576,
        profileIdle: '1h',
        profileTags: 3,
        profileBytes: 1_048_576,
        archiveAge: '24h',
        archiveBytes: 0,
      },
    },
  };
  await apply(apiServer, full);
  const stored: unknown = JSON.parse(await apiServer.kubectl(['get', 'wsc', 'default', '-o', 'json']));
  expect(stored).toMatchObject(full);
  expect(parseSettings(full.spec).ok).toBe(true);
  await apiServer.kubectl(['delete', 'wsc', 'default']);
});

test('the settings are filled in, and there is one object of them', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  await apply(apiServer, config({}));
  const path = 'jsonpath={.spec.profiling.maxContainersPerNode} {.spec.learning.period} {.spec.publishing.interval}';
  expect(await apiServer.kubectl(['get', 'wsc', 'default', '-o', path])).toBe('5 48h 5m');
  await expect(apply(apiServer, config({}, 'second'))).rejects.toThrow(
    /the one WorkloadSecurityConfig must be named default/,
  );
});

test('bad settings are refused with the field and the reason', async ({ apiServer, withKinds }) => {
  await withKinds(apiServer);
  await expect(apply(apiServer, config({ profiling: { snapshotPeriod: '9s' } }))).rejects.toThrow(
    /spec\.profiling\.snapshotPeriod: Invalid value: .*must be from 10s to 24h/,
  );
  await expect(
    apply(apiServer, config({ learning: { searchDomains: ['ec2.internal', 'Example.com.'] } })),
  ).rejects.toThrow(/spec\.learning\.searchDomains\[1\]: Invalid value: "Example\.com\."/);
  await expect(apply(apiServer, config({ profiling: { snapshotPeriod: 'soon' } }))).rejects.toThrow(
    /spec\.profiling\.snapshotPeriod: Invalid value: "soon"/,
  );
  await expect(apply(apiServer, config({ profiling: { snapshotPeriod: '1m' } }))).rejects.toThrow(
    /learning\.minSnapshotCoverage must not be longer than profiling\.snapshotPeriod/,
  );
  await expect(apply(apiServer, config({ profiling: { exclude: [{}] } }))).rejects.toThrow(
    /spec\.profiling\.exclude\[0\]: Invalid value: .*give a namespace, an image or both/,
  );
  await expect(apply(apiServer, config({ learning: { snapshots: 1001 } }))).rejects.toThrow(
    /spec\.learning\.snapshots: Invalid value: 1001: .*less than or equal to 1000/,
  );
});
