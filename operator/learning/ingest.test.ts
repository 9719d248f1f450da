import { beforeEach, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import type { Image } from '../../core/image.ts';
import { epoch, minute, seenAt, snapshotOf } from '../../core/profile/testing.ts';
import type { ContainerRecord, PeerQuestion } from '../inventory/inventory.ts';
import { containerRecord } from '../inventory/testing/records.ts';
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { temporaryStore } from '../store/testing/temporary-store.ts';
import { publishStored, unpackEvidence } from './evidence-bytes.ts';
import { createIngest, type Ingest, type IngestOptions, type Upload } from './ingest.ts';
import type { Outcome } from './outcome.ts';

const nginx: Image = { name: 'docker.io/library/nginx', tag: '1.27' };
let store: SqliteStore;

beforeEach(async () => {
  store = await temporaryStore();
});

function setUp(changes: Partial<IngestOptions> = {}, records = [1, 2, 3].map((number) => containerRecord(number))) {
  const outcomes: Outcome[] = [];
  const completed: string[] = [];
  const learned: string[] = [];
  const ingest = createIngest({
    store,
    inventory: {
      container: (id) => records.find((record) => record.id === id),
      resolve: ({ address, port }) => ({ peer: { kind: 'external', block: address }, port }),
    },
    grants: {
      lookup: (slotId, containerId, node) =>
        node === 'node-1' && slotId === `slot-${Number.parseInt(containerId, 16)}`
          ? { state: 'active', grant: { periodSeconds: 1_800 } }
          : undefined,
      completed: (slotId) => void completed.push(slotId),
    },
    minCoverageMs: () => 5 * minute,
    learningSnapshots: () => 200,
    othersRun: () => false,
    onOutcome: (outcome) => void outcomes.push(outcome),
    onRefused: () => undefined,
    onLearned: ({ snapshotId }) => void learned.push(snapshotId),
    ...changes,
  });
  return { ingest, outcomes, completed, learned };
}

function uploadOf(snapshot: Snapshot, changes: Partial<Upload> = {}): Upload {
  return { node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to + 1_000, ...changes };
}

function program(executable = '/nginx'): Partial<Snapshot> {
  return { processes: [{ ...seenAt(), parent: -1, executable, maxInstances: 1 }] };
}

async function learnedExecutables(): Promise<string[]> {
  const stored = await store.evidence(nginx);
  const { evidence } = await unpackEvidence(stored?.evidence ?? new Uint8Array());
  return [...evidence.processes.values()].map((process) => process.executable).sort();
}

describe('ingestion', () => {
  it('makes a snapshot durable and known before it says so', async () => {
    const { ingest, outcomes, completed } = setUp();
    expect(await ingest(uploadOf(snapshotOf(1, program())))).toEqual({ result: 'accepted' });
    expect([outcomes, completed]).toEqual([['accepted'], ['slot-1']]);
    expect(await store.hasSnapshot(snapshotOf(1).snapshotId)).toBe(true);
    expect(await store.profile(nginx)).toMatchObject({
      name: expect.stringMatching(/^nginx-1\.27-/) as unknown,
      version: 1,
      snapshots: 1,
      countedSnapshots: 1,
      containers: 1,
      firstSnapshotAt: epoch + 30 * minute + 1_000,
    });
    const stored = await store.evidence(nginx);
    const { behavior, evidence } = await publishStored(stored?.evidence ?? new Uint8Array(), {
      lostPeriods: 2,
    });
    expect(behavior.processes).toMatchObject([{ executable: '/nginx', commonality: 100 }]);
    expect(evidence).toMatchObject({ workloads: ['shop/Deployment/web'], completeness: { lostPeriods: 2 } });
  });

  it('stores no more evidence than it could read again', async () => {
    const { ingest, outcomes } = setUp({ maxJsonBytes: 2_000 });
    await ingest(uploadOf(snapshotOf(1, program())));
    const answer = await ingest(uploadOf(snapshotOf(2, program(`/${'n'.repeat(2_000)}`))));
    expect(answer).toMatchObject({
      result: 'refused',
      reason: expect.stringMatching(
        /^share: .* the namespace shop more of them than it leaves to others of 2000$/,
      ) as unknown,
    });
    expect(outcomes).toEqual(['accepted', 'share']);
    expect(await learnedExecutables()).toEqual(['/nginx']);
    expect(await ingest(uploadOf(snapshotOf(1, program())))).toEqual({ result: 'duplicate' });
  });

  it('refuses as much again without unpacking the evidence, until the profile is another', async () => {
    let unpacked = 0;
    const told: string[] = [];
    const counting = {
      ...store,
      evidence: (image: Image) => {
        unpacked += 1;
        return store.evidence(image);
      },
    };
    const tenant = { uid: 'uid-4', namespace: 'tenant', name: 'pod-4' };
    const records = [1, 2, 3].map((number) => containerRecord(number));
    const { ingest, outcomes, completed } = setUp(
      {
        store: counting,
        maxJsonBytes: 6_000,
        cacheBytes: 1,
        onRefused: (_, { namespace, of }) => void told.push(`${namespace} ${of}`),
      },
      [...records, containerRecord(4, { pod: tenant })],
    );
    const large = (number: number, bytes = 100) =>
      uploadOf(snapshotOf(number, program(`/${String(number).repeat(4_000)}`)), { bytes: new Uint8Array(bytes) });
    await ingest(uploadOf(snapshotOf(1, program())));
    await ingest(large(2));
    expect(outcomes).toEqual(['accepted', 'share']);
    unpacked = 0;
    const again = await ingest(large(2, 50));
    expect(again).toMatchObject({ result: 'refused', reason: expect.stringMatching(/^share: .* shop /) as unknown });
    await ingest(large(3));
    expect([unpacked, outcomes.splice(0)]).toEqual([0, ['accepted', 'share', 'share', 'share']]);
    expect(told).toEqual(['shop bytes', 'shop bytes', 'shop bytes']);
    expect(completed).toEqual(['slot-1', 'slot-2', 'slot-2', 'slot-3']);
    // What taught the profile before is a duplicate all the same.
    await ingest(uploadOf(snapshotOf(1, program()), { bytes: new Uint8Array(100) }));
    expect([unpacked, outcomes.splice(0)]).toEqual([0, ['duplicate']]);
    // Much less may have room; others do, and with what they teach there is another profile.
    await ingest(uploadOf(snapshotOf(3, program()), { bytes: new Uint8Array(49) }));
    await ingest(large(2));
    expect(outcomes.splice(0)).toEqual(['accepted', 'share']);
    await ingest(uploadOf(snapshotOf(4, program()), { bytes: new Uint8Array(100) }));
    expect(outcomes.splice(0)).toEqual(['accepted']);
    unpacked = 0;
    await ingest(large(2));
    expect([unpacked > 0, outcomes.splice(0)]).toEqual([true, ['share']]);
    // Learned anew, with as many snapshots as before: the share is nobody's.
    await store.forget(nginx);
    for (const number of [1, 3, 4])
      await ingest(uploadOf(snapshotOf(number, program()), { receivedAt: epoch + 40 * minute }));
    expect(await store.profile(nginx)).toMatchObject({ version: 3 });
    unpacked = 0;
    await ingest(large(2));
    expect([unpacked > 0, outcomes]).toEqual([true, ['accepted', 'accepted', 'accepted', 'share']]);
  });

  it('takes every snapshot once, whoever sends it again', async () => {
    const { ingest, learned } = setUp();
    const upload = uploadOf(snapshotOf(1, program()));
    await ingest(upload);
    expect(await ingest(upload)).toEqual({ result: 'duplicate' });
    expect(learned).toEqual([upload.snapshot.snapshotId]);
    // A new operator has an empty cache.
    expect(await setUp().ingest(upload)).toEqual({ result: 'duplicate' });
    expect(await store.profile(nginx)).toMatchObject({ version: 1, snapshots: 1 });
  });

  /** Grants with one slot, which is over once it has brought a snapshot. */
  function oneSlot(): IngestOptions['grants'] {
    const completed = new Set<string>();
    return {
      lookup: () => ({ state: completed.size === 0 ? 'active' : 'completed', grant: { periodSeconds: 1_800 } }),
      completed: (slotId) => void completed.add(slotId),
    };
  }

  it('takes one of several snapshots that come at once under one slot', async () => {
    const { ingest, outcomes } = setUp({ grants: oneSlot() });
    const { from, to } = snapshotOf(1, program());
    const uploads = [0, 1, 2].map((turn) => {
      const at = { from: from + turn * (to - from), to: to + turn * (to - from) };
      const snapshot = snapshotOf(1, { ...program(`/program-${turn}`), ...at });
      return uploadOf({ ...snapshot, snapshotId: `${snapshot.container.id}/${at.from}` });
    });
    await Promise.all(uploads.map((upload) => ingest({ ...upload, receivedAt: upload.snapshot.to })));
    expect(outcomes).toEqual(['accepted', 'slot', 'slot']);
  });

  it('takes one snapshot for a slot, and that one again if its answer was lost', async () => {
    const { ingest, outcomes } = setUp({ grants: oneSlot() });
    const first = snapshotOf(1, program());
    const more = snapshotOf(1, { ...program('/forged'), from: first.to + minute, to: first.to + 2 * minute });
    const snapshotId = `${more.container.id}/${more.from}`;
    await ingest(uploadOf(first));
    expect(await ingest(uploadOf({ ...more, snapshotId }))).toMatchObject({ result: 'refused', status: 403 });
    expect(await ingest(uploadOf(first))).toEqual({ result: 'duplicate' });
    expect(outcomes).toEqual(['accepted', 'slot', 'duplicate']);
    expect(await learnedExecutables()).toEqual(['/nginx']);
  });

  it('merges uploads that arrive together', async () => {
    const { ingest, outcomes } = setUp();
    await Promise.all([1, 2, 3].map((number) => ingest(uploadOf(snapshotOf(number, program(`/program-${number}`))))));
    expect(outcomes).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await learnedExecutables()).toEqual(['/program-1', '/program-2', '/program-3']);
    expect(await store.profile(nginx)).toMatchObject({ version: 3, snapshots: 3, containers: 3 });
  });

  it('reads again what another writer changed, and loses nothing of either', async () => {
    const [one, other] = [setUp(), setUp()];
    const later = (number: number, executable: string): Upload =>
      uploadOf(snapshotOf(number, { ...program(executable), from: epoch + 30 * minute }));
    await one.ingest(uploadOf(snapshotOf(1, program('/a'))));
    await other.ingest(uploadOf(snapshotOf(2, program('/b'))));
    await one.ingest(later(1, '/c'));
    await other.ingest(later(2, '/d'));
    expect(await learnedExecutables()).toEqual(['/a', '/b', '/c', '/d']);
    expect(await store.profile(nginx)).toMatchObject({ version: 4, snapshots: 4, containers: 2 });
  });

  it('gives up after a while if others never stop changing the profile', async () => {
    let commits = 0;
    const contended: IngestOptions['store'] = {
      evidence: (image) => store.evidence(image),
      restore: (image, at) => store.restore(image, at),
      profile: (image) => store.profile(image),
      hasSnapshot: (id) => store.hasSnapshot(id),
      commitSnapshot: () => {
        commits += 1;
        return Promise.resolve('conflict');
      },
    };
    const { ingest, completed } = setUp({ store: contended });
    expect(await ingest(uploadOf(snapshotOf(1, program())))).toMatchObject({ result: 'retry' });
    expect([commits, completed]).toEqual([5, []]);
  });

  it('teaches a sealed profile nothing, also if it was sealed behind our back', async () => {
    const { ingest, outcomes } = setUp();
    const first = uploadOf(snapshotOf(1, program()));
    await ingest(first);
    await store.seal(nginx, 1, epoch);
    const late = await ingest(uploadOf(snapshotOf(2, program('/late'))));
    expect(late).toMatchObject({ result: 'refused', status: 422, reason: expect.stringMatching(/^sealed/) as unknown });
    expect(await ingest(first)).toEqual({ result: 'duplicate' });
    expect(outcomes).toEqual(['accepted', 'sealed', 'duplicate']);
    expect(await learnedExecutables()).toEqual(['/nginx']);
    await store.forget(nginx);
    expect(await ingest(uploadOf(snapshotOf(3, program('/anew'))))).toEqual({ result: 'accepted' });
  });

  it('starts anew after the profile was forgotten', async () => {
    const { ingest } = setUp();
    await ingest(uploadOf(snapshotOf(1, program('/old'))));
    await store.forget(nginx);
    await ingest(uploadOf(snapshotOf(2, program('/new'))));
    expect(await learnedExecutables()).toEqual(['/new']);
    expect(await store.profile(nginx)).toMatchObject({ version: 1, snapshots: 1 });
  });

  it('goes on from where an archived profile was, when its image runs again', async () => {
    const { ingest } = setUp();
    await ingest(uploadOf(snapshotOf(1, program('/before'))));
    await store.archive(nginx, 'collected', epoch);
    const later = uploadOf(snapshotOf(2, program('/after')));
    expect(await setUp().ingest(later)).toEqual({ result: 'accepted' });
    expect(await learnedExecutables()).toEqual(['/after', '/before']);
    expect(await store.profile(nginx)).toMatchObject({ snapshots: 2, lastRunAt: later.receivedAt });
  });

  it('says when the store fails, and goes on afterwards', async () => {
    const broken = new Error('disk on fire');
    let fails = true;
    const flaky: IngestOptions['store'] = {
      evidence: (image) => store.evidence(image),
      restore: (image, at) => store.restore(image, at),
      profile: (image) => store.profile(image),
      hasSnapshot: (id) => store.hasSnapshot(id),
      commitSnapshot: (commit) => (fails ? Promise.reject(broken) : store.commitSnapshot(commit)),
    };
    const { ingest, outcomes, completed } = setUp({ store: flaky });
    await expect(ingest(uploadOf(snapshotOf(1, program())))).rejects.toBe(broken);
    fails = false;
    expect(await ingest(uploadOf(snapshotOf(1, program())))).toEqual({ result: 'accepted' });
    expect([outcomes, completed]).toEqual([['failed', 'accepted'], ['slot-1']]);
  });

  it('asks whose an address was on behalf of the pod that talked to it', async () => {
    const questions: PeerQuestion[] = [];
    const { ingest } = setUp({
      inventory: {
        container: () => containerRecord(1),
        resolve: (question) => {
          questions.push(question);
          return { peer: { kind: 'self' }, port: question.port };
        },
      },
    });
    const connect = {
      ...seenAt(),
      process: 0,
      direction: 'connect' as const,
      protocol: 'tcp' as const,
      address: '10.0.0.1',
      port: 80,
    };
    await ingest(uploadOf(snapshotOf(1, { ...program(), network: [connect] })));
    expect(questions).toEqual([{ podUid: 'uid-1', address: '10.0.0.1', port: 80, protocol: 'tcp', at: epoch }]);
  });
});

describe('what is not merged', () => {
  const half = 30 * minute;
  const cases: readonly {
    readonly what: string;
    readonly upload: Upload;
    readonly records?: readonly ContainerRecord[];
    readonly outcome: Outcome;
    readonly answer: Partial<Awaited<ReturnType<Ingest>>>;
  }[] = [
    {
      what: 'a container that the API server does not show yet',
      upload: uploadOf(snapshotOf(9), { receivedAt: epoch + half + 2 * minute - 1 }),
      outcome: 'unknown',
      answer: { result: 'retry' },
    },
    {
      what: 'a container that it never showed',
      upload: uploadOf(snapshotOf(9), { receivedAt: epoch + half + 2 * minute }),
      outcome: 'unverified',
      answer: { result: 'refused', status: 403 },
    },
    {
      what: 'a container of another node',
      upload: uploadOf(snapshotOf(1), { node: 'node-2' }),
      outcome: 'node',
      answer: { result: 'refused', status: 403 },
    },
    {
      what: 'a slot of another container',
      upload: uploadOf(snapshotOf(1, { slotId: 'slot-2' })),
      outcome: 'slot',
      answer: { result: 'refused', status: 403 },
    },
    {
      what: 'a period before the container',
      upload: uploadOf(snapshotOf(1, { from: epoch - 5 * minute - 1 })),
      outcome: 'period',
      answer: { result: 'refused', status: 422 },
    },
    {
      what: 'a gap before the container',
      upload: uploadOf(
        snapshotOf(1, { gaps: [{ from: epoch - 5 * minute - 1, to: epoch, reason: 'agent-restarted' }] }),
      ),
      outcome: 'period',
      answer: { result: 'refused', status: 422 },
    },
    {
      what: 'a period after the container',
      upload: uploadOf(snapshotOf(1)),
      records: [containerRecord(1, { finishedAt: epoch + 20 * minute })],
      outcome: 'period',
      answer: { result: 'refused', status: 422 },
    },
    {
      what: 'a period that ends in less than an hour: a clock was set wrong, its time comes',
      upload: uploadOf(snapshotOf(1), { receivedAt: epoch + half - 5 * minute - 1 }),
      outcome: 'early',
      answer: { result: 'retry' },
    },
    {
      what: 'a period further in the future',
      upload: uploadOf(snapshotOf(1), { receivedAt: epoch + half - 65 * minute - 1 }),
      outcome: 'period',
      answer: { result: 'refused', status: 422 },
    },
    {
      what: 'a period longer than its slot',
      upload: uploadOf(snapshotOf(1, { to: epoch + half + 5 * minute + 1 })),
      outcome: 'period',
      answer: { result: 'refused', status: 422 },
    },
  ];

  it.each(cases)('$what', async ({ upload, records, outcome, answer }) => {
    const { ingest, outcomes } = setUp({}, records ? [...records] : undefined);
    expect(await ingest(upload)).toMatchObject(answer);
    expect(outcomes).toEqual([outcome]);
    expect(await store.profile(nginx)).toBeUndefined();
  });

  it('a period that another snapshot of the container covers', async () => {
    const { ingest, outcomes } = setUp();
    await ingest(uploadOf(snapshotOf(1, program())));
    const again = snapshotOf(1, { ...program('/other'), from: epoch + 10 * minute });
    expect(await ingest(uploadOf(again))).toMatchObject({ result: 'refused', status: 422 });
    expect(outcomes).toEqual(['accepted', 'overlap']);
    expect(await learnedExecutables()).toEqual(['/nginx']);
  });
});
