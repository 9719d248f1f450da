/** What taking one snapshot in costs: processor time of the whole process, from the bytes of an upload to its durable answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSnapshot } from '../../agent/link/encode-snapshot.ts';
import { parseImage } from '../../core/image.ts';
import type { ContainerRecord } from '../../operator/inventory/inventory.ts';
import { createIngest } from '../../operator/learning/ingest.ts';
import { parseSnapshot } from '../../operator/server/snapshot-upload.ts';
import { openSqliteStore } from '../../operator/store/sqlite/sqlite-store.ts';
import { seededRandom } from '../../operator/testing/seeded-random.ts';
import { imageReference } from './fleet.ts';
import { snapshotOf } from './snapshots.ts';

export interface IngestCost {
  readonly snapshots: number;
  /** Milliseconds of processor time. */
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

const periodMs = 1_800_000;
const periodsPerContainer = 8;

/** One after the other, profile by profile, each from its first snapshot to the last of `perImage`. */
export async function measureIngest(images: number, perImage: number): Promise<IngestCost> {
  const directory = mkdtempSync(join(tmpdir(), 'wsp-ingest-'));
  const store = await openSqliteStore({ path: join(directory, 'store.db') });
  const random = seededRandom(1);
  const records = new Map<string, ContainerRecord>();
  const now = Date.now();
  const ingest = createIngest({
    store,
    inventory: {
      container: (id) => records.get(id),
      resolve: ({ address, port }) => ({ peer: { kind: 'external', block: address }, port }),
    },
    grants: {
      lookup: (slotId, containerId, node) => {
        const image = records.get(containerId)?.image;
        if (image === undefined) return undefined;
        const grant = { node, containerId, image, slotId, instance: '', version: 1, grantedAt: 0, finished: false };
        return { state: 'active', grant: { ...grant, periodSeconds: periodMs / 1_000 } };
      },
      completed: () => undefined,
    },
    minCoverageMs: () => 0,
    learningSnapshots: () => Infinity,
    othersRun: () => false,
    onOutcome: () => undefined,
    onRefused: () => undefined,
    onLearned: () => undefined,
  });
  const costs: number[] = [];
  try {
    for (let image = 0; image < images; image += 1) {
      let record = recordOf(image, random.hex(64), now);
      for (let period = 0; period < perImage; period += 1) {
        const within = period % periodsPerContainer;
        if (within === 0) record = recordOf(image, random.hex(64), now);
        records.set(record.id, record);
        const from = now - (periodsPerContainer - within) * periodMs;
        const container = { id: record.id, name: 'c', podUid: 'u', podName: 'p', podNamespace: 'shop' };
        const times = { from, to: from + periodMs, start: within === 0, ended: false };
        const bytes = encodeSnapshot(snapshotOf({ container, image, slotId: `${image}-${period}`, ...times }, random));
        const before = process.cpuUsage();
        const snapshot = await parseSnapshot(bytes, () => undefined);
        const answer = await ingest({ node: record.node, snapshot, bytes, receivedAt: now });
        const { user, system } = process.cpuUsage(before);
        if (answer.result !== 'accepted') throw new Error(`snapshot ${period} of image ${image}: ${answer.reason}`);
        costs.push((user + system) / 1_000);
      }
    }
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
  const sorted = costs.toSorted((left, right) => left - right);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  return { snapshots: costs.length, mean, p50: at(0.5), p99: at(0.99) };
}

function recordOf(image: number, id: string, now: number): ContainerRecord {
  const parsed = parseImage(imageReference(image));
  if (!parsed.ok) throw new Error(`image ${image} has a name that cannot be read`);
  return {
    id,
    name: 'c',
    kind: 'container',
    image: parsed.image,
    pod: { uid: `uid-${id}`, namespace: 'shop', name: `pod-${id.slice(0, 8)}` },
    workload: { kind: 'Deployment', name: `application-${image}` },
    node: `node-${id.slice(0, 4)}`,
    startedAt: now - 10 * periodMs,
  };
}
