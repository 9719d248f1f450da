import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { Recording } from '../../core/activity/testing/recording.ts';
import type { Image } from '../../core/image.ts';
import { compiledDigest } from '../../core/match/compiled-format.ts';
import { openProfile } from '../../core/match/compiled-profile.ts';
import { evidenceOf } from '../../core/match/testing.ts';
import type { Evidence } from '../../core/profile/evidence.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { containerNumber } from '../../core/profile/testing.ts';
import { createBlobMetrics } from '../metrics/blobs.ts';
import { ReadingStoppedError } from '../server/ports.ts';
import type { CompiledFacts, ProfileRecord } from '../store/store.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { commitOf, snapshotRecord } from '../store/testing/records.ts';
import { compileStored } from './compile-stored.ts';
import { packEvidence } from './evidence-bytes.ts';
import { ProfileBlobs, type ProfileBlobsOptions } from './profile-blobs.ts';

const shop: Image = { name: 'docker.io/library/shop', tag: 'v1' };
const bank: Image = { name: 'docker.io/library/bank', tag: 'v1' };

const shownBy = (container: number, path: string): Evidence =>
  evidenceOf(new Recording().exec(1, '/app').open(1, path).events, { container });

function setUp() {
  const { store } = memoryStore();
  const registry = new Registry();
  const metrics = createBlobMetrics(registry);
  const log = pino({ enabled: false });
  return {
    store,
    begin: (maxBytes = 1_000_000, compile = inPlace) => new ProfileBlobs({ store, compile, metrics, log, maxBytes }),
    seal: async (image: Image, evidence: Uint8Array): Promise<void> => {
      const snapshot = snapshotRecord({ image, containerId: image.name });
      await store.commitSnapshot({ ...commitOf(1, snapshot), evidence });
      await store.seal(image, 1, 5);
    },
    record: async (image: Image): Promise<ProfileRecord> => {
      const found = await store.profile(image);
      if (found === undefined) throw new Error('there is no profile');
      return found;
    },
    compilations: async (result: string): Promise<number | undefined> => {
      const found = await registry.getSingleMetric('profile_compilations_total')?.get();
      return found?.values.find(({ labels }) => labels['result'] === result)?.value;
    },
  };
}

const inPlace: ProfileBlobsOptions['compile'] = (evidence, marks) => compileStored(evidence, marks, new Uint8Array(16));

async function factsOf(blobs: ProfileBlobs, record: ProfileRecord): Promise<CompiledFacts | undefined> {
  const compiled = await blobs.compiled(record);
  if (compiled === 'later') throw new Error('there was no memory');
  return compiled;
}

const packed = async (evidence: Evidence): Promise<Uint8Array> => (await packEvidence(evidence)).bytes;

/** Whether the profile in these bytes knows that the program reads the file. */
function knows(bytes: Uint8Array | undefined, path: string): boolean {
  const opened = openProfile(bytes ?? new Uint8Array());
  if (!opened.ok) throw new Error(opened.reason);
  const place = opened.profile.place(undefined, { executable: '/app' });
  const file = { kind: 'file', path, access: 1, truncated: false } as const;
  return opened.profile.match(place, file).verdict === 'known';
}

it('compiles once what is sealed, and has the bytes of the digest again after a restart', async () => {
  const { store, begin, seal, record, compilations } = setUp();
  await seal(shop, await packed(shownBy(1, '/a')));
  const facts = await factsOf(begin(), await record(shop));
  expect(await store.profile(shop)).toMatchObject({ compiled: facts });
  expect(await begin().compiled(await record(shop))).toEqual(facts);
  expect(await compilations('compiled')).toBe(1);

  const later = begin();
  const bytes = await later.get(shop, facts?.digest ?? '');
  expect(bytes).toHaveLength(facts?.bytes ?? 0);
  expect(compiledDigest(bytes ?? new Uint8Array())).toBe(facts?.digest);
  expect(knows(bytes, '/a')).toBe(true);
  expect(await later.get(shop, facts?.digest ?? '')).toBe(bytes);
  expect(await compilations('compiled')).toBe(2);
});

it('makes bytes anew that found no room, and the same for all who ask at once', async () => {
  const { begin, seal, record, compilations } = setUp();
  const blobs = begin(100);
  const digests: string[] = [];
  for (const image of [shop, bank]) {
    await seal(image, await packed(shownBy(1, `/of/${image.name}`)));
    digests.push((await factsOf(blobs, await record(image)))?.digest ?? '');
  }
  const [ofShop = '', ofBank = ''] = digests;
  const got = await Promise.all([blobs.get(shop, ofShop), blobs.get(shop, ofShop), blobs.get(bank, ofBank)]);
  expect(got.map((bytes) => compiledDigest(bytes ?? new Uint8Array()))).toEqual([ofShop, ofShop, ofBank]);
  // There is room for one: each at first, then the other one again.
  expect(await compilations('compiled')).toBe(3);
  expect(compiledDigest((await blobs.get(bank, ofBank)) ?? new Uint8Array())).toBe(ofBank);
  expect(await compilations('compiled')).toBe(4);
});

it('never has what is in quarantine, and nothing under the digest of before', async () => {
  const { store, begin, seal, record } = setUp();
  const blobs = begin();
  await seal(shop, await packed(mergeEvidence(shownBy(1, '/evil'), shownBy(2, '/good'))));
  const before = await factsOf(blobs, await record(shop));
  await store.quarantine(shop, { containerId: containerNumber(1), since: 0 }, 'shop');
  const after = await factsOf(blobs, await record(shop));
  expect(after?.digest).not.toBe(before?.digest);
  const bytes = await blobs.get(shop, after?.digest ?? '');
  expect([knows(bytes, '/good'), knows(bytes, '/evil')]).toEqual([true, false]);
  expect(await begin().get(shop, before?.digest ?? '')).toBeUndefined();
});

it('has nothing of a profile that is marked while it is compiled', async () => {
  const { store, begin, seal, record } = setUp();
  await seal(shop, await packed(mergeEvidence(shownBy(1, '/evil'), shownBy(2, '/good'))));
  const blobs = begin();
  const compiling = blobs.compiled(await record(shop));
  await store.quarantine(shop, { containerId: containerNumber(1), since: 0 }, 'shop');
  expect(await compiling).toBeUndefined();
  expect(await store.profile(shop)).not.toHaveProperty('compiled');
});

it('makes anew what an earlier compiler made', async () => {
  const { store, begin, seal, record } = setUp();
  await seal(shop, await packed(shownBy(1, '/a')));
  const made = await factsOf(begin(), await record(shop));
  if (made === undefined) throw new Error('nothing was compiled');
  await store.keepCompiled(shop, 2, { ...made, revision: 0, digest: 'sha256:old' });
  expect(await begin().compiled(await record(shop))).toEqual(made);
});

it('has nothing of a profile that learns, is gone, or whose evidence is damaged', async () => {
  const { store, begin, seal, record, compilations } = setUp();
  const blobs = begin();
  expect(await blobs.get(shop, 'sha256:00')).toBeUndefined();
  await store.commitSnapshot({
    ...commitOf(1, snapshotRecord({ image: bank })),
    evidence: await packed(shownBy(1, '/')),
  });
  expect(await blobs.get(bank, 'sha256:00')).toBeUndefined();
  expect(await compilations('failed')).toBe(0);
  await seal(shop, new Uint8Array(5));
  expect(await blobs.compiled(await record(shop))).toBeUndefined();
  expect(await compilations('failed')).toBe(1);
});

it('tries what cannot be compiled once, and again when it is another', async () => {
  const { store, begin, seal, record, compilations } = setUp();
  const blobs = begin();
  await seal(shop, new Uint8Array(5));
  for (const _ of [1, 2]) expect(await blobs.compiled(await record(shop))).toBeUndefined();
  expect(await compilations('failed')).toBe(1);
  await store.quarantine(shop, { containerId: containerNumber(1), since: 0 }, 'shop');
  expect(await blobs.compiled(await record(shop))).toBeUndefined();
  expect(await compilations('failed')).toBe(2);
});

it('puts off what there is no memory for, and fails as the thread fails', async () => {
  const { begin, seal, record, compilations } = setUp();
  let error: Error | undefined = new ReadingStoppedError('no memory');
  const blobs = begin(1_000_000, async (...args) => {
    if (error !== undefined) throw error;
    return inPlace(...args);
  });
  await seal(shop, await packed(shownBy(1, '/a')));
  expect(await blobs.compiled(await record(shop))).toBe('later');
  expect(await compilations('postponed')).toBe(1);
  await expect(blobs.get(shop, 'sha256:00')).rejects.toBe(error);
  error = new Error('the thread has ended');
  await expect(blobs.compiled(await record(shop))).rejects.toBe(error);
  error = undefined;
  expect(await blobs.compiled(await record(shop))).toMatchObject({ fingerprints: 2 });
});
