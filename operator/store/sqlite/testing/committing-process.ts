/**
 * A process that commits as fast as it can until it is killed: `node committing-process.ts DATABASE`. It goes on where the
 * one before it stopped. One line for each acknowledged commit: `<image name> <version> <snapshot id>`.
 */
import { writeSync } from 'node:fs';
import { commitOf, containerId, snapshotRecord, startOfTime } from '../../testing/records.ts';
import { openSqliteStore } from '../sqlite-store.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: committing-process.ts DATABASE');
const store = await openSqliteStore({ path });

async function commitForEver(writer: number): Promise<never> {
  const image = { name: `image-${writer}`, tag: 'latest' };
  let version = (await store.profile(image))?.version ?? 0;
  for (;;) {
    version += 1;
    const from = startOfTime + version * 60_000;
    const bytes = new Uint8Array(20_000).fill(version);
    const snapshot = snapshotRecord({ image, containerId: containerId(writer), from, bytes });
    const result = await store.commitSnapshot(commitOf(version, snapshot));
    if (result !== 'stored') throw new Error(`version ${version} of ${image.name}: ${result}`);
    // Synchronous: the line is in the pipe before anything else happens, so the reader misses no acknowledgement.
    writeSync(1, `${image.name} ${version} ${snapshot.snapshotId}\n`);
  }
}

await Promise.all([0, 1, 2, 3].map(commitForEver));
