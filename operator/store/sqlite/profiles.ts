import type { DatabaseSync } from 'node:sqlite';
import type { Image } from '../../../core/image.ts';
import type { BehaviourKind } from '../../../core/profile/evidence.ts';
import { StoreError } from '../errors.ts';
import type { Run } from '../lifecycle.ts';
import type { CompiledFacts, ProfileRecord } from '../store.ts';
import { bytes, integer, text, texts, type Row } from './row.ts';

/** A record as the columns of `profiles`, and of `archive`, have it. */
export function profileOf(row: Row): ProfileRecord {
  const state = text(row, 'state');
  if (state !== 'learning' && state !== 'stable') {
    throw new StoreError('corrupt', `store: a profile has the unknown state ${state}`);
  }
  return {
    image: { name: text(row, 'image_name'), tag: text(row, 'image_tag') },
    name: text(row, 'object_name'),
    state,
    version: integer(row, 'version'),
    countedSnapshots: integer(row, 'counted_snapshots'),
    snapshots: integer(row, 'snapshots'),
    containers: integer(row, 'containers'),
    firstSnapshotAt: integer(row, 'first_snapshot_at'),
    lastSnapshotAt: integer(row, 'last_snapshot_at'),
    ...(row['sealed_at'] === null ? {} : { sealedAt: integer(row, 'sealed_at') }),
    digests: texts(row, 'digests'),
    ...(row['last_run_at'] === null ? {} : { lastRunAt: integer(row, 'last_run_at') }),
    ...(row['watched_ms'] === null ? {} : { watchedMs: integer(row, 'watched_ms') }),
    ...(row['watched_from'] === null ? {} : { watchedFrom: integer(row, 'watched_from') }),
    ...(row['ran_ms'] === null ? {} : { ranMs: integer(row, 'ran_ms') }),
    ...(row['published_uid'] === null ? {} : { publishedUid: text(row, 'published_uid') }),
    ...(typeof row['digest'] === 'string' && { compiled: compiledOf(row) }),
  };
}

/** What was compiled of an earlier version is nothing any more. */
const withCompiled = `profiles LEFT JOIN compiled_forms USING (image_name, image_tag, version)`;

function compiledOf(row: Row): CompiledFacts {
  const omitted = (kind: BehaviourKind): number => integer(row, `omitted_${kind}`);
  return {
    revision: integer(row, 'revision'),
    digest: text(row, 'digest'),
    bytes: integer(row, 'size'),
    fingerprints: integer(row, 'fingerprints'),
    omitted: {
      processes: omitted('processes'),
      files: omitted('files'),
      dns: omitted('dns'),
      network: omitted('network'),
    },
  };
}

/** Rows of the tables `profiles`, `evidence` and `compiled_forms`. None of these begins a transaction. */
export function profileTable(database: DatabaseSync) {
  const one = database.prepare(`SELECT * FROM ${withCompiled} WHERE image_name = ? AND image_tag = ?`);
  const page = database.prepare(
    `SELECT * FROM ${withCompiled} WHERE (image_name, image_tag) > (?, ?) ORDER BY image_name, image_tag LIMIT ?`,
  );
  const evidence = database.prepare('SELECT bytes FROM evidence WHERE image_name = ? AND image_tag = ?');
  const put = database.prepare(`INSERT INTO profiles (image_name, image_tag, object_name, state, version,
      counted_snapshots, snapshots, containers, first_snapshot_at, last_snapshot_at, sealed_at, digests,
      watched_ms, watched_from)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET object_name = excluded.object_name, state = excluded.state, version = excluded.version,
      counted_snapshots = excluded.counted_snapshots, snapshots = excluded.snapshots,
      containers = excluded.containers, first_snapshot_at = excluded.first_snapshot_at,
      last_snapshot_at = excluded.last_snapshot_at, sealed_at = excluded.sealed_at, digests = excluded.digests,
      watched_ms = excluded.watched_ms, watched_from = excluded.watched_from`);
  const putEvidence = database.prepare(
    'INSERT INTO evidence VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes',
  );
  const seal = database.prepare(`UPDATE profiles SET state = 'stable', sealed_at = ?, version = version + 1
    WHERE image_name = ? AND image_tag = ? AND version = ? AND state = 'learning'`);
  const markPublished = database.prepare(
    'UPDATE profiles SET published_uid = ? WHERE image_name = ? AND image_tag = ?',
  );
  const markRun = database.prepare(`UPDATE profiles
    SET last_run_at = max(coalesce(last_run_at, 0), ?), ran_ms = coalesce(ran_ms, 0) + ?
    WHERE image_name = ? AND image_tag = ?`);
  const touch = database.prepare('UPDATE profiles SET version = version + 1 WHERE image_name = ? AND image_tag = ?');
  const keepCompiled = database.prepare(`INSERT OR REPLACE INTO compiled_forms
    SELECT image_name, image_tag, version, ?, ?, ?, ?, ?, ?, ?, ? FROM profiles
    WHERE image_name = ? AND image_tag = ? AND version = ? AND state = 'stable'`);
  const remove = database.prepare('DELETE FROM profiles WHERE image_name = ? AND image_tag = ?');

  const count = database.prepare('SELECT count(*) AS count FROM profiles');

  return {
    count: (): number => integer(count.get() ?? {}, 'count'),

    get(image: Image): ProfileRecord | undefined {
      const row = one.get(image.name, image.tag);
      return row === undefined ? undefined : profileOf(row);
    },

    /** No name sorts before the empty one, so the first page begins behind it. */
    page(limit: number, after: Image = { name: '', tag: '' }): ProfileRecord[] {
      return page.all(after.name, after.tag, limit).map(profileOf);
    },

    evidence(image: Image): Uint8Array {
      const row = evidence.get(image.name, image.tag);
      if (row === undefined) {
        throw new StoreError('corrupt', `store: the profile of ${image.name}:${image.tag} has no evidence`);
      }
      return bytes(row, 'bytes');
    },

    put(profile: ProfileRecord, evidenceBytes: Uint8Array): void {
      const { image } = profile;
      put.run(
        image.name,
        image.tag,
        profile.name,
        profile.state,
        profile.version,
        profile.countedSnapshots,
        profile.snapshots,
        profile.containers,
        profile.firstSnapshotAt,
        profile.lastSnapshotAt,
        profile.sealedAt ?? null,
        JSON.stringify(profile.digests),
        profile.watchedMs ?? null,
        profile.watchedFrom ?? null,
      );
      putEvidence.run(image.name, image.tag, evidenceBytes);
    },

    seal(image: Image, version: number, at: number): boolean {
      return seal.run(at, image.name, image.tag, version).changes === 1;
    },

    markPublished(image: Image, uid: string): boolean {
      return markPublished.run(uid, image.name, image.tag).changes === 1;
    },

    markRun({ image, ranMs }: Run, at: number): void {
      markRun.run(at, ranMs, image.name, image.tag);
    },

    /** What it publishes is another from now on: a writer that read it before reads again. */
    touch(image: Image): void {
      touch.run(image.name, image.tag);
    },

    keepCompiled({ name, tag }: Image, version: number, compiled: CompiledFacts): boolean {
      const { revision, digest, bytes: size, fingerprints, omitted } = compiled;
      const { processes, files, dns, network } = omitted;
      const values = [revision, digest, size, fingerprints, processes, files, dns, network];
      return keepCompiled.run(...values, name, tag, version).changes === 1;
    },

    /** Its evidence, its snapshots and its compiled form go with it, by foreign key. */
    remove(image: Image): boolean {
      return remove.run(image.name, image.tag).changes === 1;
    },
  };
}
