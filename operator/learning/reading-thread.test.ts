import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { zstdCompressSync } from 'node:zlib';
import { imageText } from '../../core/image.ts';
import { containerNumber, epoch, minute, seenAt, snapshotOf } from '../../core/profile/testing.ts';
import { objectName } from '../../core/profile/object-name.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { containerRecord } from '../inventory/testing/records.ts';
import { createCheckMetrics } from '../metrics/checks.ts';
import { type ProfileModel, ProfileTooLargeError, ReadingStoppedError, type UnknownAnswer } from '../server/ports.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { compileStored } from './compile-stored.ts';
import { publishStored } from './evidence-bytes.ts';
import { createIngest } from './ingest.ts';
import { profileModels } from './profile-model.ts';
import { createReading, type ReadingOptions } from './reading-thread.ts';
import { unknownBehaviours } from './unknown.ts';

const image = { name: 'docker.io/library/app', tag: 'v1' };
const name = objectName(image);
const later = epoch + 60 * minute;

const files = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    ...seenAt(),
    process: 0,
    path: `/usr/lib/${n}.so`,
    access: ['read' as const],
  }));
const app = { ...seenAt('start'), parent: -1, executable: '/app', maxInstances: 1 };

const named = { imageNamed: async () => image };

async function learned(fields: Partial<ReadingOptions> = {}) {
  const { store } = memoryStore();
  const records: ContainerRecord[] = [1, 2].map((number) =>
    containerRecord(number, { image, pod: { uid: `uid-${number}`, namespace: 'shop', name: `web-${number}` } }),
  );
  const ingest = createIngest({
    store,
    inventory: {
      container: (id) => records.find((one) => one.id === id),
      resolve: ({ port }) => ({ peer: { kind: 'unknown' }, port }),
    },
    grants: { lookup: () => ({ state: 'active' }), completed: () => undefined },
    minCoverageMs: () => minute,
    learningSnapshots: () => 200,
    othersRun: () => false,
    onOutcome: () => undefined,
    onLearned: () => undefined,
    onRefused: () => undefined,
  });
  for (const number of [1, 2]) {
    const snapshot = snapshotOf(number, {
      processes: [app],
      files: files(number * 50),
      from: epoch,
      to: epoch + 10 * minute,
    });
    const bytes = zstdCompressSync(JSON.stringify(snapshot));
    expect(await ingest({ node: 'node-1', snapshot, bytes, receivedAt: later + number })).toMatchObject({
      result: 'accepted',
    });
  }
  const registry = new Registry();
  const metrics = createCheckMetrics(registry);
  const clock = new FakeClock(later + minute);
  const memory = { isScarce: false };
  const secret = new Uint8Array(32);
  const ofImage: ReadingOptions['inventory']['ofImage'] = (asked) =>
    records.filter((one) => imageText(one.image) === imageText(asked));
  const known = { named: (asked: string) => (asked === name ? image : undefined) };
  const reading = createReading({ store, known, inventory: { ofImage }, memory, metrics, clock, secret, ...fields });
  onTestFinished(() => reading.close());
  const profiles = async (): Promise<string[]> =>
    (await registry.getSingleMetric('profile_checks_total')?.get())?.values.map(
      ({ labels, value }) => `${labels['profile']} ${value}`,
    ) ?? [];
  return { reading, store, memory, clock, registry, profiles, metrics, secret };
}

const valueOf = (answer: UnknownAnswer | ProfileModel): unknown =>
  answer.kind === 'found' ? JSON.parse(new TextDecoder().decode(answer.json)) : answer;

it('answers as if it was no thread', async () => {
  const { reading, store, metrics, secret } = await learned();
  const direct = unknownBehaviours({ reads: { ...store, ...named, podContainers: async () => [] }, metrics, secret });
  const question = { name, since: later + 1 };
  const [here, there] = [await direct(question), await reading.unknown(question)];
  expect(valueOf(there)).toEqual(here.kind === 'found' ? JSON.parse(JSON.stringify(here.value)) : here);
  expect(valueOf(there)).toMatchObject({ snapshots: 1, counts: { unknown: 50 } });
  expect(await reading.unknown({ name: 'other' })).toEqual({ kind: 'nothing' });
  expect(await reading.unknown({ name, pod: { namespace: 'bank', name: 'web-1' } })).toMatchObject({
    code: 'no-such-pod',
  });
  expect(valueOf(await reading.unknown({ name, pod: { namespace: 'shop', name: 'web-2' } }))).toMatchObject({
    snapshots: 1,
  });
  const model = await profileModels({ ...store, ...named })(name, later + 1);
  expect(valueOf(await reading.model(name, later + 1))).toEqual(model.kind === 'found' && model.value);
  expect(valueOf(await reading.model(name))).toMatchObject({ status: { snapshots: 2 } });
});

it('keeps what it compiled for a minute after the last question, then the thread ends', async () => {
  const { reading, clock, profiles, registry } = await learned();
  const question = { name, containerId: containerNumber(1) };
  await reading.unknown(question);
  await clock.advance(59_000);
  await reading.unknown(question);
  expect(await profiles()).toEqual(['cached 1', 'compiled 1']);
  expect(await registry.getSingleMetricAsString('compiled_profiles')).toMatch(/^compiled_profiles 1$/m);
  await clock.advance(60_000);
  expect(await registry.getSingleMetricAsString('compiled_profiles')).toMatch(/^compiled_profiles 0$/m);
  await reading.unknown(question);
  expect(await profiles()).toEqual(['cached 1', 'compiled 2']);
});

it('fails as the store fails, and begins anew with the next question', async () => {
  const failure = new Error('store: busy');
  const { store } = memoryStore();
  let fails = true;
  const { reading } = await learned({
    store: { ...store, evidence: (of) => (fails ? Promise.reject(failure) : store.evidence(of)) },
  });
  const both = [reading.unknown({ name }), reading.model(name)];
  expect(await Promise.allSettled(both)).toEqual(both.map(() => ({ status: 'rejected', reason: failure })));
  fails = false;
  expect(await reading.unknown({ name })).toEqual({ kind: 'nothing' });
});

it('fails with what the store holds, if that is damaged, and begins anew', async () => {
  const { reading: whole, store } = await learned();
  let isDamaged = true;
  const { reading } = await learned({
    store: {
      ...store,
      evidence: async (of) => {
        const stored = await store.evidence(of);
        return stored && isDamaged ? { ...stored, evidence: new Uint8Array(3) } : stored;
      },
    },
  });
  await expect(reading.model(name)).rejects.toThrow('not one whole zstd stream');
  isDamaged = false;
  expect(await reading.model(name)).toEqual(await whole.model(name));
});

it('gives up when memory becomes scarce', async () => {
  const { reading, memory } = await learned();
  memory.isScarce = true;
  await expect(reading.model(name)).rejects.toBeInstanceOf(ReadingStoppedError);
  memory.isScarce = false;
  expect(await reading.model(name)).toMatchObject({ kind: 'found' });
});

const huge = { name: 'x'.repeat(2 ** 26), tag: 'v1' };

it('ends with its heap, and takes nothing with it', async () => {
  const { reading } = await learned({ heapMiB: 8, known: { named: () => huge } });
  await expect(reading.model('none')).rejects.toBeInstanceOf(ProfileTooLargeError);
});

it('of two that were too large together it says that each may be asked again', async () => {
  const { reading } = await learned({ heapMiB: 8, known: { named: () => huge } });
  const both = await Promise.allSettled([reading.model('none'), reading.model('none')]);
  expect(both).toMatchObject([1, 2].map(() => ({ reason: { name: 'ReadingStoppedError' } })));
});

async function storedEvidence(store: Awaited<ReturnType<typeof learned>>['store']): Promise<Uint8Array> {
  const stored = await store.evidence(image);
  if (stored === undefined) throw new Error('nothing was learned');
  return stored.evidence;
}

it('compiles as if it was no thread, and leaves the evidence to who has it', async () => {
  const { reading, store, secret } = await learned();
  const evidence = await storedEvidence(store);
  for (const marks of [[], [{ containerId: containerNumber(2), since: 0 }]]) {
    expect(await reading.compile(evidence, marks)).toEqual(await compileStored(evidence, marks, secret));
  }
  expect(await reading.compile(new Uint8Array(3), [])).toMatchObject({ kind: 'not-compiled' });
  expect(await reading.model(name)).toMatchObject({ kind: 'found' });
});

it('publishes as if it was no thread, also where there is no memory for one', async () => {
  const { reading, store, clock } = await learned();
  const evidence = await storedEvidence(store);
  const facts = { lostPeriods: 3, quarantine: [{ containerId: containerNumber(2), since: 0 }] };
  const expected = await publishStored(evidence, facts);
  expect(expected.behavior.files).toHaveLength(50);
  expect(await Promise.all([reading.publish(evidence, facts), reading.publish(evidence, facts)])).toEqual([
    expected,
    expected,
  ]);
  // Which ends when nobody asks any more.
  expect(clock.pending).toBe(1);
  const { reading: small } = await learned({ limitBytes: 1 });
  expect(await small.publish(evidence, facts)).toEqual(expected);
  await expect(reading.publish(new Uint8Array(3), facts)).rejects.toThrow('not one whole zstd stream');
});

it('compiles while memory is scarce for questions, as long as there is room for it', async () => {
  const { reading, store, memory } = await learned();
  memory.isScarce = true;
  expect(await reading.compile(await storedEvidence(store), [])).toMatchObject({ kind: 'compiled' });
});

it('says at once what it has no memory for, and goes on', async () => {
  const mebibyte = 1024 * 1024;
  // Room for the question alone: every process has more than the rest.
  const now = await learned({ limitBytes: 32 * mebibyte });
  const evidence = await storedEvidence(now.store);
  await expect(now.reading.compile(evidence, [])).rejects.toMatchObject({ name: 'ReadingStoppedError' });
  await expect(now.reading.model(name)).rejects.toThrow('ask again later');
  expect(await now.reading.unknown({ name: 'other' })).toEqual({ kind: 'nothing' });

  const never = await learned({ limitBytes: 8 * mebibyte });
  expect(await never.reading.compile(evidence, [])).toEqual({
    kind: 'not-compiled',
    reason: 'reading this profile may take 25 MiB of memory, and the operator has 8 MiB: raise its limit',
  });
  await expect(never.reading.model(name)).rejects.toBeInstanceOf(ProfileTooLargeError);
});

it('ends soon after it compiled, unless somebody asked within the last minute', async () => {
  const { reading, store, clock, profiles } = await learned();
  const evidence = await storedEvidence(store);
  const question = { name, containerId: containerNumber(1) };
  await reading.compile(evidence, []);
  expect(clock.pending).toBe(1);
  await clock.advance(2_000);
  expect(clock.pending).toBe(0);
  await reading.unknown(question);
  await reading.compile(evidence, []);
  await clock.advance(59_000);
  await reading.unknown(question);
  expect(await profiles()).toEqual(['cached 1', 'compiled 1']);
});

it('lets nobody wait for ever when it is closed', async () => {
  const { store } = memoryStore();
  const { reading } = await learned({ store: { ...store, evidence: () => new Promise(() => {}) } });
  const asked = reading.model(name);
  const [refused] = await Promise.allSettled([asked, reading.close()]);
  expect(refused).toMatchObject({ reason: new ReadingStoppedError('the operator ends') });
  await expect(reading.compile(new Uint8Array(3), [])).rejects.toThrow('the operator ends');
});
