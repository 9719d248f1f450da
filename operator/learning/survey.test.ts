import { pino } from 'pino';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { imageText, type Image } from '../../core/image.ts';
import { createProfileMetrics } from '../controllers/security-profile/metrics.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { containerRecord } from '../inventory/testing/records.ts';
import { defaultSettings, type Settings } from '../settings.ts';
import { StoreError } from '../store/errors.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { commitOf, snapshotRecord } from '../store/testing/records.ts';
import { JumpingClock } from '../testing/jumping-clock.ts';
import { KnownProfiles } from './known-profiles.ts';
import { LabelWatch } from './label-watch.ts';
import { Survey } from './survey.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const app: Image = { name: 'docker.io/library/app', tag: 'latest' };
const a = 'sha256:aa';
const builds = { look: () => Promise.resolve() };

let clock: JumpingClock;
let settings: Settings;
let containers: ContainerRecord[];
let objects: Map<string, { bytes: number; keep: boolean }>;
let announced: string[];
let memory: ReturnType<typeof memoryStore>;
let known: KnownProfiles;
let survey: Survey;
let labels: LabelWatch;
let changed: string[];

/** A new operator with the store of before. */
async function start(): Promise<void> {
  known = new KnownProfiles(() => undefined);
  await known.load(memory.store);
  changed = [];
  labels = new LabelWatch(known, (image) => void changed.push(imageText(image)));
  survey = new Survey({
    inventory: { all: () => containers },
    known,
    store: known.follow(memory.store),
    object: (image) => objects.get(imageText(image)),
    settings: () => settings,
    builds,
    labels,
    announce: ({ reason }) => void announced.push(reason),
    clock,
    metrics: createProfileMetrics(new Registry()),
    log: pino({ enabled: false }),
  });
}

beforeEach(async () => {
  clock = new JumpingClock(Date.parse('2030-01-01T00:00:00Z'));
  settings = defaultSettings;
  containers = [];
  objects = new Map();
  announced = [];
  memory = memoryStore();
  await start();
});

/** A sealed profile that these builds taught. */
function learned(image: Image, digests: readonly string[]): void {
  const id = `${imageText(image)}-${clock.now()}`;
  const commit = commitOf(1, snapshotRecord({ image, containerId: id, from: clock.now(), receivedAt: clock.now() }));
  const fields = { name: image.tag, digests, firstSnapshotAt: clock.now(), lastSnapshotAt: clock.now() };
  memory.now.commitSnapshot({ ...commit, profile: { ...commit.profile, ...fields } });
  memory.now.seal(image, 1, clock.now());
  memory.now.markPublished(image, `uid-${image.tag}`);
}

function container(number: number, digest: string, fields: Partial<ContainerRecord> = {}): ContainerRecord {
  return containerRecord(number, { image: app, digest, startedAt: clock.now(), ...fields });
}

async function after(ms: number): Promise<void> {
  await clock.advance(ms);
  await survey.once();
}

it('archives nothing for a clock that is a year ahead for a while', async () => {
  learned(app, [a]);
  await start();
  clock.jump(365 * day);
  for (let half = 0; half < 100; half += 1) await after(minute / 2);
  clock.jump(-365 * day);
  await after(hour);
  expect(announced).toEqual([]);
  expect(memory.now.profile(app)).toBeDefined();
});

describe('labels of pods', () => {
  const labelled = (number: number, labels: Record<string, string>) =>
    container(number, a, { pod: { uid: 'uid', namespace: 'shop', name: 'app', labels } });

  it('are those of all that run the image, each value once; changes are news', async () => {
    learned(app, [a]);
    await start();
    containers = [
      labelled(1, { team: 'shop', env: 'prod' }),
      labelled(2, { team: 'pay' }),
      labelled(3, { team: 'shop' }),
    ];
    await survey.once();
    expect(labels.of(app)).toEqual([
      { key: 'env', values: ['prod'] },
      { key: 'team', values: ['pay', 'shop'] },
    ]);
    await survey.once();
    expect(changed).toEqual([imageText(app)]);
    containers = containers.slice(1, 2);
    await after(5 * minute);
    expect(labels.of(app)).toEqual([{ key: 'team', values: ['pay'] }]);
    expect(changed).toHaveLength(2);
    containers = [];
    await survey.once();
    expect(labels.of(app)).toBeUndefined();
  });

  it('that change all the time are news every five minutes', async () => {
    learned(app, [a]);
    await start();
    for (let turn = 0; turn <= 120; turn += 1) {
      containers = [labelled(1, { team: `team-${turn}` })];
      await after(minute / 2);
    }
    expect(changed).toHaveLength(13);
    clock.jump(-day);
    containers = [labelled(1, { team: 'last' })];
    await after(2 * hour);
    expect(labels.of(app)).toEqual([{ key: 'team', values: ['last'] }]);
  });

  it('are sixteen values at most, and the rest is counted', async () => {
    learned(app, [a]);
    await start();
    containers = Array.from({ length: 20 }, (_, n) => labelled(n, { team: `team-${String(n).padStart(2, '0')}` }));
    await survey.once();
    expect(labels.of(app)).toMatchObject([{ key: 'team', omitted: 4 }]);
    expect(labels.of(app)?.[0]?.values).toHaveLength(16);
  });
});

describe('profiles of images that do not run', () => {
  const old: Image = { name: 'docker.io/library/old', tag: 'v1' };

  it('go into the archive after 30 days, and come back with their state when the image runs', async () => {
    learned(old, [a]);
    await start();
    containers = [container(1, a, { image: old })];
    await after(minute);
    containers = [];
    await after(30 * day - 2 * minute);
    expect(known.get(old)).toBeDefined();
    await start();
    await after(12 * minute);
    expect(announced).toEqual(['ProfileArchived']);
    expect(known.get(old)).toBeUndefined();
    expect(memory.now.archived(old)).toMatchObject([{ reason: 'collected', profile: { publishedUid: 'uid-v1' } }]);
    containers = [container(2, a, { image: old })];
    await after(minute);
    expect(announced).toEqual(['ProfileArchived', 'ProfileReturned']);
    expect(known.get(old)).toMatchObject({ state: 'stable', digests: [a], lastRunAt: clock.now() });
    await after(minute);
    expect(announced).toHaveLength(2);
  });

  it('stay while they run for months, and with the annotation', async () => {
    learned(old, [a]);
    learned(app, [a]);
    objects.set(imageText(app), { bytes: 5, keep: true });
    await start();
    containers = [container(1, a, { image: old })];
    for (let turn = 0; turn < 5; turn += 1) await after(20 * day);
    expect(announced).toEqual([]);
    objects.set(imageText(app), { bytes: 5, keep: false });
    await after(minute);
    expect(announced).toEqual(['ProfileArchived']);
    expect(known.get(old)).toBeDefined();
  });

  it('go when there are too many tags or bytes', async () => {
    settings = { ...settings, retention: { ...settings.retention, profileTags: 2, profileBytes: 100 } };
    for (const tag of ['1', '2', '3']) {
      learned({ ...old, tag }, [a]);
      await clock.advance(1);
    }
    await start();
    await survey.once();
    expect([...known.all()].map(({ image }) => image.tag)).toEqual(['2', '3']);
    objects.set(imageText({ ...old, tag: '2' }), { bytes: 60, keep: false });
    objects.set(imageText({ ...old, tag: '3' }), { bytes: 60, keep: false });
    await survey.once();
    expect([...known.all()].map(({ image }) => image.tag)).toEqual(['3']);
  });

  it('stay until it is known in which object they are', async () => {
    learned(old, [a]);
    await memory.store.archive(old, 'collected', clock.now());
    await memory.store.restore(old, clock.now());
    await start();
    await after(31 * day);
    expect(known.get(old)).toBeDefined();
    memory.now.markPublished(old, 'uid');
    await after(minute);
    expect(known.get(old)).toBeUndefined();
  });

  it('leave the archive when it is full or they are old', async () => {
    settings = { ...settings, retention: { ...settings.retention, archiveAgeMs: 10 * day } };
    learned(old, [a]);
    await start();
    await after(31 * day);
    expect(memory.now.archived(old)).toHaveLength(1);
    await after(11 * day);
    expect(memory.now.archived(old)).toEqual([]);
  });
});

it('drops marks of an image that has no profile a week after it ran last', async () => {
  await start();
  memory.now.quarantine(app, { containerId: 'c', since: 1 }, 'shop');
  containers = [containerRecord(1, { image: app })];
  await after(8 * day);
  expect(memory.now.quarantined(app)).toHaveLength(1);
  containers = [];
  await after(7 * day);
  expect(memory.now.quarantined(app)).toHaveLength(1);
  await after(hour);
  expect(memory.now.quarantined(app)).toEqual([]);
});

it('goes on when the store was busy, and ends when it is lost', async () => {
  const failures = [new StoreError('busy', 'busy'), new StoreError('io', 'gone')];
  const stop = new AbortController();
  let rounds = 0;
  const failing = new Survey({
    inventory: { all: () => [] },
    known,
    store: { ...memory.store, trimArchive: () => Promise.reject(failures[rounds++] ?? new Error('too often')) },
    object: () => undefined,
    settings: () => settings,
    builds,
    labels,
    announce: () => undefined,
    clock,
    metrics: createProfileMetrics(new Registry()),
    log: pino({ enabled: false }),
  });
  const [ended] = await Promise.allSettled([failing.run(stop.signal), clock.advance(minute)]);
  expect(ended).toMatchObject({ status: 'rejected', reason: { kind: 'io' } });
  expect(rounds).toBe(2);
});
