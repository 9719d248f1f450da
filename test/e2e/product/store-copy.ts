/** What the operator has stored, read behind its back: the ground truth of what was accepted, and how often. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { expect } from 'vitest';
import { z } from 'zod';
import { snapshotSchema, type Snapshot } from '../../../core/activity/snapshot.ts';
import { within, type Product } from './product.ts';

export interface StoreCopy {
  readonly snapshots: readonly {
    /** `<container ID>/<from>` */
    readonly id: string;
    readonly image: string;
    readonly receivedAt: number;
    /** As the agent uploaded it. */
    readonly bytes: Uint8Array;
    readonly snapshot: Snapshot;
  }[];
  /** `<container ID>/<from>` */
  readonly lostPeriods: readonly string[];
}

const snapshotRow = z.object({
  snapshot_id: z.string(),
  image: z.string(),
  received_at: z.number(),
  bytes: z.instanceof(Uint8Array),
});
const lostRow = z.object({ id: z.string() });

/** As if the volume were new; only while no operator runs. */
export function removeStore(product: Product): void {
  const folder = dirname(storePath(product));
  for (const file of readdirSync(folder)) if (file.startsWith('store.db')) rmSync(join(folder, file));
}

function storePath({ cluster }: Product): string {
  const volumes = join(cluster.state, 'volumes');
  const found = readdirSync(volumes)
    .map((volume) => join(volumes, volume, 'store.db'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no volume of ${volumes} holds a store`);
  return found;
}

/**
 * The operator holds the database alone, so a copy is read. Only a checkpoint writes into the main file: if that did not
 * change meanwhile, the copied log continues the copied file, up to some commit.
 */
function copy(path: string, folder: string): string {
  const target = join(folder, 'store.db');
  const changed = (): number => statSync(path, { bigint: false }).mtimeMs;
  const before = changed();
  copyFileSync(path, target);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${target}-wal`);
  if (changed() !== before) throw new Error('the store was checkpointed while it was copied');
  return target;
}

export async function readStore(product: Product): Promise<StoreCopy> {
  const folder = mkdtempSync(join(product.home, 'store-'));
  try {
    const database = new DatabaseSync(await within(10, () => copy(storePath(product), folder)));
    try {
      const snapshots = database.prepare(`
        SELECT snapshot_id, image_name || ':' || image_tag AS image, snapshots.received_at, bytes
        FROM snapshots JOIN snapshot_bytes USING (id) ORDER BY id`);
      const lost = database.prepare(`SELECT container_id || '/' || period_from AS id FROM lost_periods`);
      return {
        snapshots: z
          .array(snapshotRow)
          .parse(snapshots.all())
          .map(({ snapshot_id, image, received_at, bytes }) => ({
            id: snapshot_id,
            image,
            receivedAt: received_at,
            bytes,
            snapshot: snapshotSchema.parse(JSON.parse(zstdDecompressSync(bytes).toString())),
          })),
        lostPeriods: z
          .array(lostRow)
          .parse(lost.all())
          .map(({ id }) => id),
      };
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The store as soon as it holds all of these; `<container ID>/<from>` */
export async function stored(product: Product, ids: Iterable<string>, seconds = 60): Promise<StoreCopy> {
  return within(seconds, async () => {
    const store = await readStore(product);
    expect(store.snapshots.map(({ id }) => id)).toEqual(expect.arrayContaining([...ids]));
    return store;
  });
}
