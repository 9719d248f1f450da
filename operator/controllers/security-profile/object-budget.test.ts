import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Snapshot } from '../../../core/activity/snapshot.ts';
import { emptyEvidence } from '../../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../../core/profile/merge.ts';
import { objectName } from '../../../core/profile/object-name.ts';
import { publish } from '../../../core/profile/publish.ts';
import { containerNumber, contextOf, epoch, seenAt, snapshotOf } from '../../../core/profile/testing.ts';
import { defaultSettings } from '../../settings.ts';
import { timestamp } from '../conditions.ts';
import { degradedStatus, desiredSpec, desiredStatus } from './desired.ts';

const budget = 192 * 1024;
const crowded = Array.from({ length: 1_000 }, (_, index) => `${'n'.repeat(59)}${index}`);
const digest = (number: number): string => `sha512:${number.toString(16).padStart(128, '0')}`;

/** As long as the kind takes them. */
const image = { name: `registry.example.com/${'n'.repeat(230)}`, tag: 't'.repeat(128) };

/** Names of a hostile image: long, many, and of characters that JSON writes as several. */
const hostileText = fc
  .array(fc.constantFrom('a', '"', '\\', '\u0001', 'ä', '\u{1F600}', '/', '\\x1b', '9', ' '), {
    minLength: 1,
    maxLength: 40,
  })
  .map((parts) => parts.join(''));

const hostileSnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    texts: fc.array(hostileText, { minLength: 1, maxLength: 20 }),
    repeat: fc.integer({ min: 1, max: 200 }),
    container: fc.integer({ min: 1, max: 80 }),
  })
  .map(({ texts, repeat, container }) => {
    const many = texts.flatMap((text) => Array.from({ length: repeat }, (_, index) => `/${text.repeat(5)}/${index}`));
    return snapshotOf(container, {
      kindsCollected: ['process', 'file', 'dns', 'network', 'syscall', 'capability'],
      processes: [
        { ...seenAt(), parent: -1, executable: '/app', maxInstances: 1 },
        ...many.slice(0, 500).map((executable) => ({ ...seenAt(), parent: 0, executable, maxInstances: 9 })),
      ],
      files: many.map((path) => ({ ...seenAt(), process: 0, path, access: ['read' as const, 'write' as const] })),
      dns: many.slice(0, 1_000).map((name) => ({ ...seenAt(), process: 0, name, types: ['A', 'AAAA', 'SRV'] })),
      network: many.slice(0, 1_000).map((_, index) => ({
        ...seenAt(),
        process: 0,
        direction: 'connect' as const,
        protocol: 'tcp' as const,
        address: `203.0.113.${index % 250}`,
        port: index + 1,
      })),
      syscalls: Array.from({ length: 400 }, (_, index) => `call_${index}`),
      capabilities: Array.from({ length: 41 }, (_, index) => `CAP_${index}`),
      blindSpots: ['io_uring', 'compat-syscalls', 'left-cgroup'],
    });
  });

it('an object is within 192 KiB as a whole, whatever an image does and whatever is to be said about it', () => {
  fc.assert(
    fc.property(fc.array(hostileSnapshot, { minLength: 1, maxLength: 3 }), (snapshots) => {
      // 64 workloads of the longest names and more beyond, and 64 digests, beside what the image did.
      const crowd = Array.from({ length: 70 }, (_, index) =>
        evidenceOfSnapshot(
          snapshotOf(100 + index),
          contextOf({ workload: `${'w'.repeat(380)}${index}`, digest: digest(index), node: `node-${index}` }),
        ),
      );
      const evidence = snapshots
        .map((snapshot) => evidenceOfSnapshot(snapshot, contextOf()))
        .concat(crowd)
        .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
      const quarantine = [{ containerId: containerNumber(100), since: 0 }];
      const publication = publish(evidence, { lostPeriods: Number.MAX_SAFE_INTEGER, quarantine });
      const record = {
        image,
        name: objectName(image),
        state: 'stable' as const,
        version: 9,
        snapshots: 4_000,
        countedSnapshots: 4_000,
        containers: 4_000,
        firstSnapshotAt: epoch,
        lastSnapshotAt: epoch,
        sealedAt: epoch,
        digests: Array.from({ length: 63 }, (_, index) => digest(index)),
      };
      const spec = desiredSpec(record, publication);
      const at = { now: epoch, generation: Number.MAX_SAFE_INTEGER };
      const learned = desiredStatus({
        refusals: crowded.map((namespace) => ({ namespace, of: 'snapshots' as const, since: epoch })),
        marks: crowded.map((namespace) => ({ whole: 'namespace' as const, namespace })),
        record,
        publication: { ...publication, quarantined: Number.MAX_SAFE_INTEGER },
        isAltered: true,
        settings: defaultSettings,
        otherBuilds: {
          digests: Array.from({ length: 1_000 }, (_, index) => ({ digest: digest(index), since: epoch })),
          held: { why: 'others', moved: crowded, teachers: crowded },
        },
        scheduling: {
          view: { reason: 'Sealed', message: 'm'.repeat(256), watching: 9_999, waiting: 9_999 },
          hours: { watchedMs: Number.MAX_SAFE_INTEGER, ranMs: Number.MAX_SAFE_INTEGER },
        },
        labels: undefined,
        previous: {},
        lastUpdated: timestamp(epoch),
        ...at,
      });
      const degraded = degradedStatus({ image, sealed: true, status: learned }, at);
      const conditions = [...(learned.conditions ?? []), ...(degraded.conditions ?? [])];
      const object = {
        apiVersion: 'workloadsecurity.dev/v1alpha1',
        kind: 'SecurityProfile',
        // Managed fields of two managers for spec and status, as the API server keeps them.
        metadata: {
          name: record.name,
          uid: 'u'.repeat(36),
          creationTimestamp: timestamp(epoch),
          managedFields: 'm'.repeat(900),
        },
        spec,
        status: { ...learned, conditions },
      };
      expect(Buffer.byteLength(JSON.stringify(object))).toBeLessThanOrEqual(budget);
    }),
    { numRuns: 10 },
  );
}, 180_000);
