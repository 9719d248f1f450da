import { expect, it } from 'vitest';
import type { Image } from '../../core/image.ts';
import { imageText } from '../../core/image.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { commitOf, containerId, nginx, snapshotRecord, startOfTime } from '../store/testing/records.ts';
import { KnownProfiles } from './known-profiles.ts';
import { dropMarksOfGone, quarantineDetection } from './quarantine.ts';

function setUp() {
  const changed: string[] = [];
  const { store, now } = memoryStore();
  const known = new KnownProfiles((image: Image) => void changed.push(imageText(image)));
  const record = (id: string) => ({
    id,
    name: 'web',
    kind: 'container' as const,
    image: nginx,
    pod: { uid: 'uid', namespace: 'shop', name: 'web' },
    workload: { kind: 'Deployment', name: 'web' },
    node: 'node-1',
  });
  const inventory = { container: (id: string) => (id === containerId(1) ? record(id) : undefined) };
  return { changed, now, options: { inventory, known, store: known.follow(store) }, followed: known.follow(store) };
}

it('marks the container of a detection, before its first snapshot too, and has the profile published anew', async () => {
  const { options, now, changed } = setUp();
  const detection = { containerId: containerId(1), processId: 'sh', at: startOfTime + 0.5 };
  expect(await quarantineDetection(detection, options)).toEqual({ result: 'marked', image: nginx });
  expect(now.quarantined(nginx)).toEqual([{ containerId: containerId(1), processId: 'sh', since: startOfTime }]);
  expect(await quarantineDetection(detection, options)).toMatchObject({ result: 'known' });
  expect(changed).toEqual([imageText(nginx)]);
});

it('takes what happened before the profile was sealed, and nothing later', async () => {
  const { options, followed, now } = setUp();
  await followed.commitSnapshot(commitOf(1, snapshotRecord()));
  await followed.seal(nginx, 1, startOfTime + 10);
  const at = (time: number) => quarantineDetection({ containerId: containerId(1), at: startOfTime + time }, options);
  expect(await at(10 + 5 * 60_000 + 1)).toEqual({ result: 'sealed', image: nginx });
  // The node's clock may be five minutes ahead.
  expect(await at(10 + 5 * 60_000)).toMatchObject({ result: 'marked' });
  expect(now.profile(nginx)).toMatchObject({ state: 'stable', version: 3 });
});

it('believes nothing about containers that the API server does not show', async () => {
  const { options } = setUp();
  expect(await quarantineDetection({ containerId: containerId(2), at: 1 }, options)).toEqual({ result: 'unknown' });
});

it('lets marks of containers that are gone go with a relearned profile, once all containers are known', async () => {
  const { options, now } = setUp();
  let isComplete = false;
  const { container } = options.inventory;
  const store = dropMarksOfGone(options.store, { container, isComplete: () => isComplete });
  const relearned = async (reason: 'relearned' | 'collected') => {
    now.commitSnapshot(commitOf(1));
    await store.archive(nginx, reason, 1);
    return now.quarantined(nginx).map((mark) => ('whole' in mark ? mark.whole : mark.containerId));
  };
  for (const n of [1, 2]) await store.quarantine(nginx, { containerId: containerId(n), since: 1 }, 'shop');
  const both = [containerId(1), containerId(2)];
  expect(await relearned('relearned')).toEqual(both);
  isComplete = true;
  expect(await relearned('collected')).toEqual(both);
  now.restore(nginx, 2);
  await store.archive(nginx, 'relearned', 1);
  expect(await relearned('relearned')).toEqual([containerId(1)]);
});
