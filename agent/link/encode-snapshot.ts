/** A snapshot as bytes for spool and wire: zstd JSON within the limits of an upload. */
import { constants, zstdCompressSync } from 'node:zlib';
import { type Snapshot, snapshotLimits } from '../../core/activity/snapshot.ts';

/** Files are most of a large tree, and the only kind whose names a container can make long and random at will. */
function withoutHalfOfFiles(snapshot: Snapshot): Snapshot {
  const kept = Math.floor(snapshot.files.length / 2);
  const dropped = snapshot.files.length - kept;
  const losses = { ...snapshot.losses, treeFull: snapshot.losses.treeFull + dropped };
  return { ...snapshot, losses, files: snapshot.files.slice(0, kept) };
}

/**
 * A tree at every limit has some MB of JSON and compresses to a tenth. Should it not fit (names of random bytes), files are
 * left out, the ones seen last first, and counted as `treeFull`.
 * @throws Error if it does not fit even without files: 1,000 processes, 2,000 names and 2,000 endpoints always do.
 */
export function encodeSnapshot(
  snapshot: Snapshot,
  limits: Pick<typeof snapshotLimits, 'jsonBytes' | 'compressedBytes'> = snapshotLimits,
): Buffer {
  const json = Buffer.from(JSON.stringify(snapshot));
  if (json.length <= limits.jsonBytes) {
    // Level 3 is zstd's default; higher ones cost several times the CPU for a few percent.
    const bytes = zstdCompressSync(json, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    if (bytes.length <= limits.compressedBytes) return bytes;
  }
  if (snapshot.files.length === 0)
    throw new Error(`snapshot ${snapshot.snapshotId} has ${json.length} bytes without any file`);
  return encodeSnapshot(withoutHalfOfFiles(snapshot), limits);
}
