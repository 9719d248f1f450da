import { expect, it } from 'vitest';
import type { SecurityProfileStatus } from '../../../crds/security-profile.ts';
import { projectProfile } from './profile-object.ts';

const object = (metadata: object) => ({
  metadata: { name: 'app', uid: 'uid-1', generation: 2, ...metadata },
  spec: { image: { name: 'docker.io/library/app', tag: 'v1' } },
});

function owned(manager: string, ...annotations: readonly string[]) {
  const names = Object.fromEntries(annotations.map((name) => [`f:${name}`, {}]));
  return { manager, operation: 'Update', fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {}, ...names } } } };
}

it('tells what a person asks for, and by which tool', () => {
  const annotations = { 'workloadsecurity.dev/action': 'relearn', 'workloadsecurity.dev/keep': '' };
  const managedFields = [
    { manager: 'workload-security', operation: 'Apply', fieldsV1: { 'f:spec': {} } },
    owned('helm', 'workloadsecurity.dev/keep'),
    owned('kubectl-wsp', 'workloadsecurity.dev/action'),
  ];
  expect(projectProfile(object({ annotations, managedFields }))).toMatchObject({
    ok: true,
    value: { keep: true, action: { text: 'relearn', actor: 'kubectl-wsp' } },
  });
});

it('needs no annotation, and no managed fields', () => {
  expect(projectProfile(object({}))).toMatchObject({ ok: true, value: { keep: false, bytes: 53 } });
  expect(projectProfile(object({}))).not.toHaveProperty('value.action');
  const annotations = { 'workloadsecurity.dev/action': `\u001b[31m${'x'.repeat(200)}` };
  expect(projectProfile(object({ annotations }))).toMatchObject({
    value: { action: { text: `?[31m${'x'.repeat(59)}`, actor: 'unknown' } },
  });
});

it('has the whole status that was written, or each look would find a difference and write it again', () => {
  const status: Required<SecurityProfileStatus> = {
    state: 'Learning',
    snapshots: 3,
    containers: 2,
    commonality: 97,
    recurrence: 96,
    nodes: 1,
    processes: 4,
    files: 5,
    dns: 6,
    network: 7,
    lost: 8,
    quarantined: 9,
    compiled: {
      digest: `sha256:${'ab'.repeat(32)}`,
      bytes: 1_000,
      fingerprints: 200,
      omitted: { processes: 0, files: 10, dns: 0, network: 0 },
    },
    labels: [{ key: 'team', values: ['shop'], omitted: 2 }],
    scheduling: {
      hoursWatched: '1.5',
      hoursRun: '12.0',
      watched: '1.5h of 12.0h',
      watching: 1,
      waiting: 2,
      reason: 'Watched',
      message: '1 container is watched now; 2 wait for a slot.',
    },
    lastUpdated: '2030-01-01T00:00:00Z',
    observedGeneration: 1,
    conditions: [],
  };
  expect(projectProfile({ ...object({}), status })).toMatchObject({ ok: true, value: { status } });
});
