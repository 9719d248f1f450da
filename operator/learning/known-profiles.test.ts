import { beforeEach, expect, it } from 'vitest';
import { imageText } from '../../core/image.ts';
import { objectName } from '../../core/profile/object-name.ts';
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { temporaryStore } from '../store/testing/temporary-store.ts';
import { KnownProfiles } from './known-profiles.ts';

const image = { name: 'docker.io/library/nginx', tag: '1.27' };
let store: SqliteStore;
beforeEach(async () => {
  store = await temporaryStore();
});

function commit(version: number) {
  const containerId = String(version).padStart(64, '0');
  const counts = { countedSnapshots: version, snapshots: version, containers: version };
  const [from, to, receivedAt] = [1_000, 2_000, 3_000];
  return {
    snapshot: {
      snapshotId: `${containerId}/1000`,
      containerId,
      node: 'a',
      image,
      from,
      to,
      receivedAt,
      bytes: new Uint8Array(1),
    },
    profile: {
      image,
      name: 'nginx',
      state: 'learning',
      version,
      ...counts,
      firstSnapshotAt: 1,
      lastSnapshotAt: 1,
      digests: [],
    },
    evidence: new Uint8Array(1),
  } as const;
}

it('follows every write that goes through it, and starts with what the store holds', async () => {
  const changes: [string, boolean][] = [];
  const known = new KnownProfiles((changed, affectsNodes) => changes.push([imageText(changed), affectsNodes]));
  const followed = known.follow(store);
  expect(known.get(image)).toBeUndefined();

  await followed.commitSnapshot(commit(1));
  await followed.commitSnapshot(commit(2));
  expect(known.get(image)).toMatchObject({ state: 'learning', snapshots: 2, containers: 2 });
  expect([known.named(objectName(image)), known.named('nginx')]).toEqual([image, undefined]);
  expect(await followed.commitSnapshot(commit(2))).toBe('duplicate');

  const later = new KnownProfiles(() => undefined);
  await later.load(store);
  expect(later.get(image)).toEqual(known.get(image));

  await followed.seal(image, 1, 5);
  expect(known.get(image)?.state).toBe('learning');
  await followed.seal(image, 2, 5);
  expect(known.get(image)?.state).toBe('stable');
  const omitted = { processes: 0, files: 0, dns: 0, network: 0 };
  const compiled = { revision: 1, digest: 'sha256:ab', bytes: 9, fingerprints: 2, omitted };
  await followed.keepCompiled(image, 2, compiled);
  expect(known.get(image)?.compiled).toBeUndefined();
  await followed.keepCompiled(image, 3, compiled);
  expect(known.get(image)?.compiled).toEqual(compiled);
  await later.load(store);
  expect(later.get(image)).toEqual(known.get(image));
  await followed.quarantine(image, { containerId: '1', since: 5 }, 'shop');
  expect(known.get(image)).not.toHaveProperty('compiled');
  await followed.keepCompiled(image, 4, compiled);
  const entry = { key: 'k', at: 5, action: 'release', actor: 'kubectl', image, name: 'nginx', note: '' } as const;
  await followed.release(image, entry);
  expect(known.get(image)).not.toHaveProperty('compiled');
  await followed.forget(image);
  expect([known.get(image), known.named(objectName(image))]).toEqual([undefined, undefined]);
  // One that is not finished is given up: who was refused for its share may teach again.
  await followed.commitSnapshot(commit(1));
  await followed.forget(image);
  // Two snapshots, the seal, twice a compiled form that comes and goes, the end, and again one and the end: the duplicate and
  // what was refused change nothing.
  expect(changes).toEqual(
    [false, false, true, true, true, true, true, true, false, true].map((affectsNodes) => [
      imageText(image),
      affectsNodes,
    ]),
  );
});
