/** Agents that lie and tenants that flood, against the ingestion as it runs: what they get into a profile, and what not. */
import { zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { emptyEvidence, evidenceLimits } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { containerNumber, contextOf, epoch, minute, seenAt, snapshotOf } from '../../core/profile/testing.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { containerRecord } from '../inventory/testing/records.ts';
import type { ProfileRecord } from '../store/store.ts';
import { profileRecord } from '../store/testing/records.ts';
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { temporaryStore } from '../store/testing/temporary-store.ts';
import { packEvidence, publishStored } from './evidence-bytes.ts';
import { createIngest, type IngestOptions, type Upload } from './ingest.ts';
import type { Outcome } from './outcome.ts';
import { rebuild } from './rebuild.ts';
import { runsElsewhere } from './share.ts';

let store: SqliteStore;
beforeEach(async () => {
  store = await temporaryStore();
});

/** Tolerance for clocks. */
const slack = 5 * minute;

function setUp(records: readonly ContainerRecord[], changes: Partial<IngestOptions> = {}) {
  const outcomes: Outcome[] = [];
  const completed = new Set<string>();
  const ingest = createIngest({
    store,
    inventory: {
      container: (id) => records.find((record) => record.id === id),
      resolve: ({ address, port }) => ({ peer: { kind: 'external', block: address }, port }),
    },
    grants: {
      // Slot `a/b` was given to container a for b minutes.
      lookup: (slotId, id) => {
        const [owner, minutes] = slotId.split('/').map(Number);
        if (containerNumber(owner ?? -1) !== id) return undefined;
        return { state: completed.has(slotId) ? 'completed' : 'active', grant: { periodSeconds: (minutes ?? 0) * 60 } };
      },
      completed: (slotId) => void completed.add(slotId),
    },
    minCoverageMs: () => 5 * minute,
    learningSnapshots: () => 20,
    othersRun: (image, namespace) => runsElsewhere({ running: () => records }, image, namespace),
    onOutcome: (outcome) => void outcomes.push(outcome),
    onRefused: () => undefined,
    onLearned: () => undefined,
    ...changes,
  });
  return { ingest, outcomes, completed };
}

describe('an agent that lies', () => {
  /** Its own node is node-1; the last container ended after 40 minutes. */
  const world = (run: number) => {
    const image = { name: 'docker.io/library/nginx', tag: `${run}` };
    const at = (number: number) => 10 * run + number;
    return [
      containerRecord(at(1), { image }),
      containerRecord(at(2), { image }),
      containerRecord(at(3), { image, node: 'node-2' }),
      containerRecord(at(4), { image, finishedAt: epoch + 40 * minute }),
    ];
  };
  const claims = fc.array(
    fc.record({
      /** 5: of no container at all. */
      container: fc.integer({ min: 1, max: 5 }),
      /** Of whose slot, if not its own. */
      slotOf: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined, freq: 2 }),
      slotMinutes: fc.constantFrom(10, 30, 31),
      from: fc.integer({ min: -20, max: 80 }),
      length: fc.integer({ min: 0, max: 50 }),
      /** Late by up to two hours, or before it can have happened. */
      delay: fc.integer({ min: -20, max: 120 }),
      program: fc.constantFrom('/nginx', '/sh', '/miner'),
      times: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: 1, maxLength: 25 },
  );
  type Claim = (typeof claims extends fc.Arbitrary<infer List> ? List : never)[number];

  function uploadOf(run: number, { container, slotOf = container, slotMinutes, program, ...time }: Claim): Upload {
    const from = epoch + time.from * minute;
    const to = from + time.length * minute;
    const processes = [{ ...seenAt(), parent: -1, executable: program, maxInstances: 1 }];
    const slotId = `${10 * run + slotOf}/${slotMinutes}`;
    const snapshot = snapshotOf(10 * run + container, { slotId, from, to, processes });
    return { node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: to + time.delay * minute };
  }

  /** What the API server and the slots bear out, said once more and in other words than the code under test. */
  function isBorneOut({ container, slotOf, slotMinutes, from, length, delay }: Claim): boolean {
    const end = from + length;
    const onItsNode = container === 1 || container === 2 || container === 4;
    const inItsLife = from >= -5 && (container !== 4 || end <= 45);
    const inItsSlot = (slotOf ?? container) === container && length <= slotMinutes + 5;
    return onItsNode && inItsLife && inItsSlot && delay >= -5;
  }

  it('gets in exactly what the API server and the slots bear out, once, whatever it claims in whatever order', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(claims, async (played) => {
        run += 1;
        const { ingest, outcomes, completed } = setUp(world(run));
        const taken: { readonly claim: Claim; readonly upload: Upload }[] = [];
        const seen: boolean[] = [];
        const expected: boolean[] = [];
        for (const claim of played) {
          const upload = uploadOf(run, claim);
          const collides = taken.some(
            ({ claim: other }) =>
              other.container === claim.container &&
              (other.from === claim.from ||
                (other.from < claim.from + claim.length && claim.from < other.from + other.length)),
          );
          const mayBeTaken = isBorneOut(claim) && !collides && !completed.has(upload.snapshot.slotId);
          if (mayBeTaken) taken.push({ claim, upload });
          // A second time it is never accepted.
          expected.push(...[mayBeTaken, false].slice(0, claim.times));
          for (let time = 0; time < claim.times; time += 1) await ingest(upload);
          seen.push(...outcomes.splice(0).map((outcome) => outcome === 'accepted'));
        }
        expect(seen).toEqual(expected);
        const believed = taken
          .map(({ upload: { snapshot, receivedAt } }) => {
            const bounds = { notBefore: snapshot.from - slack, notAfter: Math.min(snapshot.to, receivedAt) + slack };
            return evidenceOfSnapshot(snapshot, contextOf({ ...bounds, digest: undefined }));
          })
          .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
        const stored = (await store.evidence({ name: 'docker.io/library/nginx', tag: `${run}` }))?.evidence;
        const packed = taken.length === 0 ? undefined : (await packEvidence(believed)).bytes;
        expect(stored && Buffer.from(stored)).toEqual(packed && Buffer.from(packed));
      }),
      { numRuns: 40 },
    );
  });

  it('cannot date what happened outside of the period, whatever times it gives', async () => {
    const { ingest } = setUp([containerRecord(1)]);
    const processes = [
      { ...seenAt(), parent: -1, executable: '/nginx', maxInstances: 1, first: 0, last: epoch + 1_000_000 * minute },
    ];
    const snapshot = snapshotOf(1, { slotId: '1/30', processes });
    await ingest({ node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to });
    const [stored] = await store.profiles({ limit: 1 });
    const read = stored && (await store.evidence(stored.image));
    const { evidence } = await publishStored(read?.evidence ?? new Uint8Array(), { lostPeriods: 0 });
    expect(evidence).toMatchObject({ snapshots: 1 });
    expect(JSON.stringify(evidence)).not.toContain('1970');
  });
});

describe('a tenant', () => {
  const image = { name: 'docker.io/library/nginx', tag: '1.27' };
  const pod = (number: number, namespace: string): ContainerRecord =>
    containerRecord(number, { pod: { uid: `uid-${number}`, namespace, name: `web-${number}` } });

  /** Short pods that live and end within a minute, each with the same command of the tenant's own. */
  async function flood(
    pods: number,
    records: ContainerRecord[],
    tenant = 'tenant',
  ): Promise<ProfileRecord | undefined> {
    for (let number = 1_000; number < 1_000 + pods; number += 1) records.push(pod(number, tenant));
    const { ingest } = setUp(records);
    for (let number = 1_000; number < 1_000 + pods; number += 1) {
      const processes = [{ ...seenAt(), parent: -1, executable: '/bin/miner', maxInstances: 1 }];
      const snapshot = snapshotOf(number, { slotId: `${number}/30`, to: epoch + minute, ended: true, processes });
      await ingest({ node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to });
    }
    return store.profile(image);
  }

  it('who floods an image with short pods does not end its learning, while others run it', async () => {
    const records = [pod(1, 'shop')];
    expect(await flood(30, records)).toMatchObject({ snapshots: 30, countedSnapshots: 10 });
    const { ingest } = setUp(records);
    const processes = [{ ...seenAt(), parent: -1, executable: '/nginx', maxInstances: 1 }];
    const snapshot = snapshotOf(1, { slotId: '1/30', processes });
    await ingest({ node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to });
    expect(await store.profile(image)).toMatchObject({ snapshots: 31, countedSnapshots: 11 });
    const read = await store.evidence(image);
    const { behavior, evidence } = await publishStored(read?.evidence ?? new Uint8Array(), { lostPeriods: 0 });
    // What remains: their behaviour is in the profile, and common. It shows whose it is.
    expect(behavior.processes.map((process) => [process.executable, process.commonality])).toEqual(
      expect.arrayContaining([
        ['/bin/miner', 97],
        ['/nginx', 3],
      ]),
    );
    expect(evidence.workloads).toEqual(['shop/Deployment/web', 'tenant/Deployment/web']);
  });

  it('who waits until those who taught an image rest does not end its learning either', async () => {
    const records = [pod(1, 'shop')];
    const { ingest } = setUp(records);
    const snapshot = snapshotOf(1, { slotId: '1/30' });
    await ingest({ node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to });
    records.splice(0);
    expect(await flood(30, records)).toMatchObject({ snapshots: 31, countedSnapshots: 11 });
  });

  it('who is alone with an image ends its learning as fast as it teaches', async () => {
    expect(await flood(30, [])).toMatchObject({ snapshots: 30, countedSnapshots: 30 });
  });

  /** A pod whose program opens five files, with names that have nothing in common but their length. */
  const long = (number: number, namespace: string, letters = 3_000) => {
    const spelt = (n: number): string => String(n).replaceAll(/\d/g, (digit) => 'klmnopqrst'.charAt(Number(digit)));
    const names = Array.from({ length: 5 }, (_, n) => `/srv/${spelt(number)}-${spelt(n)}-${'y'.repeat(letters)}`);
    const processes = [{ ...seenAt(), parent: -1, executable: '/nginx', maxInstances: 1 }];
    const list = names.map((path) => ({ ...seenAt(), process: 0, path, access: ['read' as const] }));
    const snapshot = snapshotOf(number, { slotId: `${number}/30`, processes, files: list });
    const bytes = zstdCompressSync(JSON.stringify(snapshot));
    return { record: pod(number, namespace), upload: { node: 'node-1', snapshot, bytes, receivedAt: snapshot.to } };
  };

  it("who fills an image with long names ends nobody's learning: each namespace leaves as much as it takes", async () => {
    const maxJsonBytes = 500_000;
    const floods = ['tenant', 'tenant-2', 'tenant-3'].flatMap((namespace, index) =>
      Array.from({ length: 20 }, (_, n) => long(1_000 * (index + 1) + n, namespace)),
    );
    const honest = Array.from({ length: 20 }, (_, n) => long(n + 1, 'shop', 30));
    const all = [...floods, ...honest];
    const refused: string[] = [];
    const { ingest, outcomes } = setUp(
      all.map(({ record }) => record),
      { maxJsonBytes, onRefused: (_, { namespace, of }) => void refused.push(`${namespace} ${of}`) },
    );
    const taken = new Map<string, number>();
    for (const { record, upload } of all) {
      const { result } = await ingest(upload);
      const { namespace } = record.pod;
      if (result === 'accepted') taken.set(namespace, (taken.get(namespace) ?? 0) + 1);
    }
    expect(Object.fromEntries(taken)).toEqual({ tenant: 16, 'tenant-2': 8, 'tenant-3': 4, shop: 20 });
    expect(new Set(outcomes)).toEqual(new Set(['accepted', 'share']));
    expect(new Set(refused)).toEqual(new Set(['tenant bytes', 'tenant-2 bytes', 'tenant-3 bytes']));
    const stored = await store.evidence(image);
    // Of 20 that end learning ten count of each.
    expect(stored?.profile).toMatchObject({ snapshots: 48, countedSnapshots: 32 });
    // What was refused was never stored: made again from what was, the evidence is the same.
    const { evidence } = await rebuild(store, image);
    expect(Buffer.from((await packEvidence(evidence)).bytes)).toEqual(Buffer.from(stored?.evidence ?? []));
  });

  /** Evidence of so many snapshots, one container in each of these namespaces after the other. */
  async function holding(count: number, ...namespaces: readonly string[]): Promise<Uint8Array> {
    const taught = namespaces
      .map((namespace, index) =>
        evidenceOfSnapshot(snapshotOf(100 + index), contextOf({ workload: `${namespace}/Deployment/web` })),
      )
      .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
    const snapshots = taught.snapshots.flatMap((one) =>
      Array.from({ length: Math.ceil(count / namespaces.length) }, (_, n) => {
        const from = epoch + n * minute;
        return { ...one, from, to: from + minute };
      }),
    );
    return (await packEvidence({ ...taught, snapshots: snapshots.slice(0, count) })).bytes;
  }

  it('adds nothing to a profile that holds as many snapshots as it can, however few each namespace has', async () => {
    const most = evidenceLimits.snapshots;
    for (const count of [most - 1, most]) {
      const profile = profileRecord({ image, snapshots: count, firstSnapshotAt: epoch, lastSnapshotAt: epoch });
      const known = { profile, evidence: await holding(count, 'tenant', 'tenant-2', 'tenant-3') };
      const { ingest } = setUp([pod(1, 'shop')], {
        store: {
          ...store,
          evidence: async () => known,
          hasSnapshot: () => Promise.resolve(false),
          commitSnapshot: () => Promise.resolve('stored'),
        },
      });
      const snapshot = snapshotOf(1, { slotId: '1/30' });
      const answer = await ingest({ node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to });
      const reason = `full: the profile holds ${most} snapshots, as many as it can`;
      expect(answer).toEqual(count < most ? { result: 'accepted' } : { result: 'refused', reason, status: 422 });
    }
  });

  it('leaves others room in the profile', async () => {
    const half = evidenceLimits.snapshots / 2;
    const bytes = await holding(half, 'tenant');
    const profile = profileRecord({ image, snapshots: half, firstSnapshotAt: epoch, lastSnapshotAt: epoch });
    let known: { profile: ProfileRecord; evidence: Uint8Array } | undefined = { profile, evidence: bytes };
    const full = { evidence: async () => known, profile: async () => known?.profile };
    const commits: string[] = [];
    const { ingest, outcomes } = setUp([pod(2, 'tenant'), pod(3, 'shop'), pod(4, 'tenant'), pod(5, 'tenant')], {
      store: {
        ...store,
        ...full,
        hasSnapshot: () => Promise.resolve(false),
        commitSnapshot: ({ snapshot }) => {
          commits.push(snapshot.containerId);
          return Promise.resolve('stored');
        },
      },
    });
    const send = (number: number) => {
      const snapshot = snapshotOf(number, { slotId: `${number}/30` });
      return ingest({ node: 'node-1', snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to });
    };
    await send(2);
    await send(3);
    await send(4);
    // A person relearns, as the condition says, and who was refused goes on.
    known = undefined;
    await send(5);
    expect(outcomes).toEqual(['share', 'accepted', 'share', 'accepted']);
    expect(commits).toEqual([containerNumber(3), containerNumber(5)]);
  });
});

it('does not end the slot of a container on another node, also where slots are looked up without the node', async () => {
  const { ingest, outcomes, completed } = setUp([containerRecord(1)]);
  const snapshot = snapshotOf(1, { slotId: '1/30' });
  const upload = { snapshot, bytes: Uint8Array.of(1), receivedAt: snapshot.to };
  await ingest({ ...upload, node: 'node-2' });
  expect([outcomes, [...completed]]).toEqual([['node'], []]);
  await ingest({ ...upload, node: 'node-1' });
  expect([outcomes, [...completed]]).toEqual([['node', 'accepted'], ['1/30']]);
});

it('teaches nothing of a container that was forgotten between its verification and its turn', async () => {
  let asked = 0;
  const inventory: IngestOptions['inventory'] = {
    container: () => (asked++ === 0 ? containerRecord(1) : undefined),
    resolve: ({ address, port }) => ({ peer: { kind: 'external', block: address }, port }),
  };
  const { ingest, outcomes } = setUp([], { inventory });
  const snapshot = { ...snapshotOf(1, {}), slotId: '1/30' };
  const bytes = zstdCompressSync(JSON.stringify(snapshot));
  await ingest({ node: 'node-1', snapshot, bytes, receivedAt: snapshot.to });
  expect(outcomes).toEqual(['unverified']);
  expect(await store.profile(containerRecord(1).image)).toBeUndefined();
});
