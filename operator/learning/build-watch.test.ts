import { pino } from 'pino';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { imageText, type Image } from '../../core/image.ts';
import { emptyEvidence } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { contextOf, snapshotOf } from '../../core/profile/testing.ts';
import { createProfileMetrics } from '../controllers/security-profile/metrics.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { containerRecord } from '../inventory/testing/records.ts';
import { defaultSettings, type Settings } from '../settings.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { commitOf, snapshotRecord } from '../store/testing/records.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { BuildWatch } from './build-watch.ts';
import { packEvidence } from './evidence-bytes.ts';
import { imageRuns } from './image-runs.ts';
import { KnownProfiles } from './known-profiles.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const app: Image = { name: 'docker.io/library/app', tag: 'latest' };
const [a, b] = ['sha256:aa', 'sha256:bb'];

let clock: FakeClock;
let settings: Settings;
let containers: ContainerRecord[];
let announced: string[];
let changed: string[];
let memory: ReturnType<typeof memoryStore>;
let metrics: ReturnType<typeof createProfileMetrics>;
let watch: BuildWatch;

/** A new operator with the store of before. */
async function start(store = memory.store): Promise<void> {
  const known = new KnownProfiles(() => undefined);
  await known.load(store);
  metrics = createProfileMetrics(new Registry());
  watch = new BuildWatch({
    known,
    store: known.follow(store),
    settings: () => settings,
    onNewDigests: (image) => void changed.push(imageText(image)),
    announce: ({ reason }) => void announced.push(reason),
    metrics,
    log: pino({ enabled: false }),
  });
}

beforeEach(async () => {
  clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  settings = defaultSettings;
  containers = [];
  announced = [];
  changed = [];
  memory = memoryStore();
  await start();
});

/** A profile that these builds taught, by one container of each of these namespaces, sealed now; the operator starts anew. */
async function learned(digests: readonly string[], namespaces = ['shop'], image = app): Promise<void> {
  const evidence = namespaces
    .map((namespace, n) =>
      evidenceOfSnapshot(snapshotOf(n + 1), contextOf({ workload: `${namespace}/Deployment/app` })),
    )
    .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
  const id = `${imageText(image)}-${clock.now()}`;
  const commit = commitOf(1, snapshotRecord({ image, containerId: id, from: clock.now(), receivedAt: clock.now() }));
  const fields = { name: image.tag, digests, firstSnapshotAt: clock.now(), lastSnapshotAt: clock.now() };
  const { bytes } = await packEvidence(evidence);
  memory.now.commitSnapshot({ ...commit, profile: { ...commit.profile, ...fields }, evidence: bytes });
  memory.now.seal(image, 1, clock.now());
  memory.now.markPublished(image, `uid-${image.tag}`);
  await start();
}

function container(number: number, digest: string, fields: Partial<ContainerRecord> = {}): ContainerRecord {
  return containerRecord(number, { image: app, digest, startedAt: clock.now(), ...fields });
}

const ofTenant = (number: number, digest: string): ContainerRecord =>
  container(number, digest, { pod: { uid: 'u', namespace: 'tenant', name: `p${number}` } });

async function after(ms: number): Promise<void> {
  await clock.advance(ms);
  await watch.look(imageRuns(containers, clock.now()), clock.now());
}

const held = async () =>
  (await metrics.relearningHeld.get()).values.map(({ labels, value }) => [labels['reason'], value]);

describe('another build under a tag', () => {
  it('is told with its first start, also of a container that lived for seconds, and when it is gone', async () => {
    settings = { ...settings, learning: { ...settings.learning, onNewDigest: 'Keep' } };
    await learned([a]);
    await clock.advance(minute);
    const since = clock.now();
    containers = [container(1, a), container(2, b, { finishedAt: since + 5 })];
    await after(minute);
    expect(watch.of(app)).toEqual({ digests: [{ digest: b, since }] });
    containers = [container(3, b)];
    await after(minute);
    expect(watch.of(app)).toEqual({ digests: [{ digest: b, since }] });
    expect(changed).toHaveLength(1);
    containers = [];
    await after(minute);
    expect(watch.of(app)).toEqual({ digests: [] });
    expect(changed).toHaveLength(2);
    expect(memory.now.profile(app)).toMatchObject({ state: 'stable' });
  });

  it('restarts learning once in a rolling update of its owner: when the old one is gone', async () => {
    await learned([a], ['shop', 'shop', 'dev']);
    await clock.advance(minute);
    containers = [container(1, a), container(2, b)];
    for (let turn = 0; turn < 20; turn += 1) await after(2 * minute);
    expect(announced).toEqual([]);
    expect(watch.of(app).held).toEqual({ why: 'rollout' });
    containers = [container(2, b)];
    await after(minute);
    expect(announced).toEqual(['LearningRestarted']);
    expect(memory.now.profile(app)).toBeUndefined();
    expect(memory.now.archived(app)).toMatchObject([
      { reason: 'relearned', profile: { digests: [a], state: 'stable' } },
    ]);
    expect(memory.now.audit({ limit: 5 })).toMatchObject([{ action: 'new-digest', actor: 'operator' }]);
    expect(watch.of(app)).toEqual({ digests: [] });
    await learned([b]);
    for (let turn = 0; turn < 5; turn += 1) await after(hour);
    expect(announced).toEqual(['LearningRestarted']);
  });

  it('restarts learning once when both go on side by side for an hour, also if its containers come and go', async () => {
    await learned([a]);
    await clock.advance(minute);
    const old = container(1, a);
    for (let turn = 0; turn < 6; turn += 1) {
      containers = [old, container(2 + turn, b)];
      await after(10 * minute - (turn === 5 ? 1 : 0));
    }
    expect(announced).toEqual([]);
    await after(1);
    expect(announced).toEqual(['LearningRestarted']);
    // The next profile was taught by one of them alone: the other has run all the while and restarts nothing.
    await learned([b]);
    for (let turn = 0; turn < 5; turn += 1) await after(hour);
    expect(announced).toEqual(['LearningRestarted']);
    expect(watch.of(app).digests).toMatchObject([{ digest: a }]);
  });

  it('restarts learning for the tag latest, others only if the settings say so', async () => {
    const tagged = { ...app, tag: 'v1' };
    await learned([a], ['shop'], tagged);
    await clock.advance(minute);
    containers = [container(1, b, { image: tagged })];
    await after(2 * hour);
    expect(announced).toEqual([]);
    settings = { ...settings, learning: { ...settings.learning, onNewDigest: 'Relearn' } };
    await after(minute);
    expect(announced).toEqual(['LearningRestarted']);
  });

  it('restarts nothing before it is known in which object the profile is', async () => {
    await learned([a]);
    memory.now.archive(app, 'collected', clock.now());
    memory.now.restore(app, clock.now());
    await start();
    await clock.advance(minute);
    containers = [container(1, b)];
    await after(minute);
    expect(announced).toEqual([]);
    memory.now.markPublished(app, 'uid');
    await after(minute);
    expect(announced).toEqual(['LearningRestarted']);
  });

  it('gives up no other profile than the one it judged: somebody may begin anew meanwhile', async () => {
    await learned([a]);
    const { store } = memory;
    // A person relearns, and the first snapshot comes, while the evidence is read.
    const evidence: typeof store.evidence = async (image) => {
      const read = await store.evidence(image);
      memory.now.archive(app, 'relearned', clock.now());
      const record = snapshotRecord({ image: app, containerId: 'new', from: clock.now(), receivedAt: clock.now() });
      memory.now.commitSnapshot(commitOf(1, record));
      memory.now.markPublished(app, 'uid-anew');
      return read;
    };
    await start({ ...store, evidence });
    await clock.advance(minute);
    containers = [container(1, b)];
    await after(minute);
    expect(announced).toEqual([]);
    expect(memory.now.profile(app)).toMatchObject({ state: 'learning', publishedUid: 'uid-anew' });
  });

  it('says nothing of profiles that are learned, or of which nobody knows what taught them', async () => {
    await learned([]);
    await learned(
      Array.from({ length: 64 }, (_, n) => `sha256:${n}`),
      ['shop'],
      { ...app, tag: 'many' },
    );
    containers = [container(1, b), container(2, b, { image: { ...app, tag: 'many' } })];
    await after(2 * hour);
    expect([changed, announced]).toEqual([[], []]);
  });
});

describe('a tenant who runs other builds under the tag of others', () => {
  it('does not end their profile: it stays, and says why and what to do', async () => {
    await learned([a]);
    const owners = container(1, a);
    for (let turn = 0; turn < 50; turn += 1) {
      containers = [owners, ofTenant(100 + turn, `sha256:${turn}`), ofTenant(200 + turn, b)];
      await after(7 * hour);
    }
    expect(announced).toEqual(['RelearningHeld']);
    expect(await held()).toEqual([
      ['others', 1],
      ['recent', 0],
    ]);
    expect(memory.now.profile(app)).toMatchObject({ state: 'stable' });
    expect(watch.of(app).held).toEqual({ why: 'others', moved: ['tenant'], teachers: ['shop'] });
  });

  it('does not end it either while its owner runs nothing', async () => {
    await learned([a]);
    await clock.advance(minute);
    containers = [ofTenant(1, b)];
    for (let turn = 0; turn < 5; turn += 1) await after(day);
    expect(announced).toEqual(['RelearningHeld']);
  });

  it('does not keep the owner from rolling out', async () => {
    await learned([a], ['shop', 'shop', 'tenant']);
    await clock.advance(minute);
    containers = [ofTenant(1, a), ofTenant(2, 'sha256:cc')];
    await after(minute);
    expect(announced).toEqual(['RelearningHeld']);
    containers = [...containers, container(3, b)];
    await after(minute);
    expect(announced).toEqual(['RelearningHeld', 'LearningRestarted']);
  });

  it('cannot by evidence that nobody can read: nobody is known to have taught it', async () => {
    await learned([a]);
    const broken = memory.now.evidence(app)?.profile;
    if (broken === undefined) throw new Error('nothing was learned');
    await memory.store.forget(app);
    const image = app;
    const commit = commitOf(1, snapshotRecord({ image, containerId: 'x', from: clock.now(), receivedAt: clock.now() }));
    memory.now.commitSnapshot({ ...commit, profile: { ...commit.profile, digests: [a] } });
    memory.now.seal(app, 1, clock.now());
    memory.now.markPublished(app, 'uid');
    await start();
    await clock.advance(minute);
    containers = [container(1, b)];
    await after(2 * hour);
    expect(watch.of(app).held).toEqual({ why: 'others', moved: ['shop'], teachers: [] });
  });
});

it('two builds that take turns for ever are learned anew ever more seldom, and each profile is kept for longer', async () => {
  await learned([a]);
  let build = b;
  let restarts = 0;
  const keptFor: number[] = [];
  let sealedAt = clock.now();
  let number = 0;
  for (let turn = 0; turn < 24 * 60; turn += 1) {
    // The owner's namespace itself: the other build than the one that taught, whenever there is a profile.
    containers = [container((number += 1), build)];
    await after(hour);
    if (announced.filter((reason) => reason === 'LearningRestarted').length === restarts) continue;
    restarts += 1;
    keptFor.push(Math.round((clock.now() - sealedAt) / hour));
    await clock.advance(hour);
    await learned([build]);
    sealedAt = clock.now();
    build = build === a ? b : a;
  }
  // 60 days: at once, then after 1, 2, 4, 8, 8, … days, give or take the hour in which somebody looks.
  expect(keptFor.map((hours) => Math.round(hours / 24))).toEqual([0, 1, 2, 4, 8, 8, 8, 8, 8, 8]);
  expect(new Set(announced)).toEqual(new Set(['LearningRestarted', 'RelearningHeld']));
});

it('a person who has it learned anew ends the waiting', async () => {
  await learned([a]);
  memory.now.archive(app, 'relearned', clock.now(), { restarts: 4 });
  await learned([a]);
  await clock.advance(minute);
  containers = [container(1, b)];
  await after(minute);
  expect(watch.of(app).held).toEqual({ why: 'recent', until: clock.now() - 2 * minute + 8 * day });
  memory.now.archive(app, 'relearned', clock.now());
  await learned([a]);
  await clock.advance(minute);
  containers = [container(2, b)];
  await after(minute);
  expect(announced).toEqual(['RelearningHeld', 'LearningRestarted']);
});
