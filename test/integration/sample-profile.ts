/** SecurityProfile objects for tests, typed, so that they change with the kind. */
import type { SecurityProfile } from '../../crds/security-profile.ts';

const processId = (index: number): string => index.toString(16).padStart(16, '0');

/** A profile of one process and one file, as small as one can be. */
export function sampleProfile(name: string): SecurityProfile {
  return {
    apiVersion: 'workloadsecurity.dev/v1alpha1',
    kind: 'SecurityProfile',
    metadata: { name },
    spec: {
      image: { name: 'docker.io/library/nginx', tag: '1.27' },
      behavior: {
        processes: [
          {
            id: processId(0),
            executable: '/usr/sbin/nginx',
            maxInstances: 3,
            actors: ['entrypoint'],
            phases: ['start', 'run'],
            commonality: 100,
          },
        ],
        files: [{ processId: processId(0), path: '/etc/nginx/nginx.conf', access: ['read'], commonality: 100 }],
        dns: [],
        network: [],
      },
      evidence: {
        snapshots: 3,
        containers: 3,
        nodes: 1,
        workloads: ['default/Deployment/nginx'],
        firstSeen: '2030-01-01T00:00:00Z',
        lastSeen: '2030-01-01T01:30:00Z',
        digests: [`sha256:${'0'.repeat(64)}`],
        completeness: {
          losses: { ringDrops: 0, recursionMisses: 0, mapFull: 0, truncated: 0, decodeErrors: 0, treeFull: 0 },
          startsSeen: 3,
          gaps: 0,
          lostPeriods: 0,
          kindsCollected: ['process', 'file', 'dns', 'network'],
          blindSpots: [{ name: 'io_uring', containers: 1 }],
        },
        omitted: { processes: 0, files: 0, dns: 0, network: 0 },
        contentDigest: `sha256:${'1'.repeat(64)}`,
      },
    },
  };
}

/** A profile of about `bytes` of JSON, with lists in the proportion of a real one: most of it files. */
export function largeProfile(name: string, bytes: number): SecurityProfile {
  const base = sampleProfile(name);
  // A file entry below has 117 bytes, a process 170, a name 104 and an endpoint 166; a quarter as many of each.
  const count = Math.floor(bytes / (117 + (170 + 104 + 166) / 4));
  const each = <Entry>(length: number, entry: (index: number) => Entry): Entry[] =>
    Array.from({ length }, (_, index) => entry(index));
  const some = Math.floor(count / 4);
  const behavior: SecurityProfile['spec']['behavior'] = {
    processes: each(some, (index) => ({
      id: processId(index),
      ...(index === 0 ? {} : { parentId: processId(0) }),
      executable: `/usr/local/bin/program-${index}`,
      maxInstances: 1,
      actors: ['entrypoint'],
      phases: ['start', 'run'],
      commonality: 100,
    })),
    files: each(count, (index) => ({
      processId: processId(index % some),
      path: `/var/lib/application/data/segment-${index}.bin`,
      access: ['read'],
      commonality: 50,
    })),
    dns: each(some, (index) => ({
      processId: processId(index),
      name: `host-${index}.example.com`,
      types: ['A', 'AAAA'],
      commonality: 33,
    })),
    network: each(some, (index) => ({
      processId: processId(index),
      direction: 'connect',
      protocol: 'tcp',
      peer: `service default/backend-${index}`,
      port: 8_080,
      commonality: 33,
    })),
  };
  return { ...base, spec: { ...base.spec, behavior } };
}

export function sampleStatus(generation: number): NonNullable<SecurityProfile['status']> {
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: '2030-01-01T01:30:00Z',
    observedGeneration: generation,
  });
  return {
    state: 'Learning',
    snapshots: 3,
    containers: 3,
    commonality: 97,
    nodes: 1,
    processes: 1,
    files: 1,
    dns: 0,
    network: 0,
    lost: 0,
    scheduling: {
      hoursWatched: '1.5',
      hoursRun: '12.0',
      watched: '1.5h of 12.0h',
      watching: 1,
      waiting: 2,
      reason: 'Watched',
      message: '1 container is watched now; 2 wait for a slot.',
    },
    lastUpdated: '2030-01-01T01:30:00Z',
    observedGeneration: generation,
    conditions: [
      condition('Ready', 'True', 'Published', 'The profile is published.'),
      condition('Stable', 'False', 'Learning', '3 of 200 snapshots.'),
      condition('Complete', 'False', 'FewSnapshots', 'Only 3 snapshots so far.'),
    ],
  };
}
