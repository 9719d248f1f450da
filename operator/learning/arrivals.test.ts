/**
 * Snapshots through the real door into the real store, in any order and at any time: twice, late by hours, from the future,
 * after sealing, after relearning, after the archive and after the end of their pods, over restarts of the operator. A model
 * says in other words what becomes of each, and at the end what was learned: nothing lost uncounted, nothing counted twice.
 */
import { zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { imageText, type Image } from '../../core/image.ts';
import { emptyEvidence } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { containerNumber, contextOf, epoch, minute, seenAt, snapshotOf } from '../../core/profile/testing.ts';
import { uploadAnswer } from '../../core/wire/agent.ts';
import { ContainerIndex } from '../inventory/container-index.ts';
import type { PodProjection } from '../inventory/pod.ts';
import { startTestServer } from '../server/testing/test-server.ts';
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { temporaryStore } from '../store/testing/temporary-store.ts';
import { JumpingClock } from '../testing/jumping-clock.ts';
import { packEvidence } from './evidence-bytes.ts';
import { createIngest, type Ingest } from './ingest.ts';
import type { Outcome } from './outcome.ts';

/** Few, so that they meet again and again. */
const containers = 3;
const periods = 3;
const imageOf = (container: number, run: number): Image => ({
  name: `example.com/image-${container % 2}`,
  tag: `${run}`,
});

/** Periods of ten minutes, one after the other; a program that others run too, and one of its own. */
function snapshotIn(container: number, period: number, run: number): Snapshot {
  const from = epoch + period * 10 * minute;
  const program = (executable: string) => ({
    ...seenAt(),
    first: from,
    last: from,
    parent: -1,
    executable,
    maxInstances: 1,
  });
  const processes = [program(`/bin/${period % 2}`), program(`/bin/${container}-${period}`)];
  return snapshotOf(1_000 * run + container, {
    slotId: `${run}/${container}/${period}`,
    from,
    to: from + 10 * minute,
    processes,
  });
}

function podOf(container: number, run: number): PodProjection {
  return {
    uid: `uid-${container}`,
    namespace: 'shop',
    name: `web-${container}`,
    node: 'node-1',
    workload: { kind: 'Deployment', name: 'web' },
    addresses: [],
    since: epoch,
    finished: false,
    cgroupUid: `uid-${container}`,
    containers: [
      {
        id: containerNumber(1_000 * run + container),
        name: 'web',
        kind: 'container',
        image: imageOf(container, run),
        startedAt: epoch,
        digest: 'sha256:aa',
      },
    ],
  };
}

type Ending = 'seal' | 'relearn' | 'collect';
type Step =
  | { readonly do: 'send'; readonly container: number; readonly period: number; readonly times: number }
  | { readonly do: 'wait' | 'jump'; readonly minutes: number }
  | { readonly do: Ending; readonly container: number }
  | { readonly do: 'delete pod'; readonly container: number }
  | { readonly do: 'restart' };

const container = fc.integer({ min: 0, max: containers - 1 });
const sending = fc.record({
  do: fc.constant('send' as const),
  container,
  period: fc.integer({ min: 0, max: periods - 1 }),
  times: fc.integer({ min: 1, max: 2 }),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: sending },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 10, 30, 61) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('jump' as const),
        minutes: fc.constantFrom(-525_600, -60, -20, 20, 60, 525_600),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('seal' as const, 'relearn' as const, 'collect' as const), container }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete pod' as const), container }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  ),
  { minLength: 5, maxLength: 30 },
);

/** What was learned of one image since learning began. */
interface Learned {
  /** What taught it. */
  readonly taught: Map<string, Snapshot>;
  /** What the store lists as having come: it forgets that with a profile that leaves. */
  readonly listed: Set<string>;
  sealed: boolean;
}

/** What becomes of each snapshot, said in other words than the code under test. Times are of the operator's clock. */
class Model {
  readonly #images = new Map<string, Learned>();
  /** Slots that had a final answer, and a restart forgets. */
  readonly answered = new Set<string>();
  /** Containers whose pod is gone: when that was by the clock, and when they are forgotten, by the monotonic one. */
  readonly gone = new Map<number, { readonly at: number; readonly until: number }>();

  of(image: Image): Learned {
    const key = imageText(image);
    const learned = this.#images.get(key) ?? { taught: new Map<string, Snapshot>(), listed: new Set(), sealed: false };
    this.#images.set(key, learned);
    return learned;
  }

  arrive(container: number, snapshot: Snapshot, image: Image, clock: JumpingClock): Outcome {
    const outcome = this.#expected(container, snapshot, image, clock);
    const { taught, listed } = this.of(image);
    if (outcome === 'accepted') {
      taught.set(snapshot.snapshotId, snapshot);
      listed.add(snapshot.snapshotId);
    }
    if (!['early', 'unknown', 'slot'].includes(outcome)) this.answered.add(snapshot.slotId);
    return outcome;
  }

  #expected(container: number, { to, slotId, snapshotId }: Snapshot, image: Image, clock: JumpingClock): Outcome {
    const age = clock.now() - to;
    if (age < -65 * minute) return 'period';
    if (age < -5 * minute) return 'early';
    const gone = this.gone.get(container);
    if (gone !== undefined && clock.monotonic() >= gone.until) return age < 2 * minute ? 'unknown' : 'unverified';
    if (gone !== undefined && to > gone.at + 5 * minute) return 'period';
    const { taught, listed, sealed } = this.of(image);
    if (listed.has(snapshotId)) return 'duplicate';
    if (this.answered.has(slotId)) return 'slot';
    if (taught.has(snapshotId)) return 'duplicate';
    return sealed ? 'sealed' : 'accepted';
  }
}

const resultOf = (outcome: Outcome): string =>
  ['accepted', 'duplicate'].includes(outcome) ? outcome : ['early', 'unknown'].includes(outcome) ? 'retry' : 'refused';

/** The operator as far as snapshots go, with everything that takes part in it. */
async function setUp() {
  const store = await temporaryStore();
  const clock = new JumpingClock();
  const index = new ContainerIndex(clock);
  const outcomes: Outcome[] = [];
  const start = (): Ingest => {
    const completed = new Set<string>();
    return createIngest({
      store,
      inventory: {
        container: (id) => index.get(id),
        resolve: ({ address, port }) => ({ peer: { kind: 'external', block: `${address}/32` }, port }),
      },
      grants: {
        lookup: (slotId) => ({ state: completed.has(slotId) ? 'completed' : 'active', grant: { periodSeconds: 600 } }),
        completed: (slotId) => void completed.add(slotId),
      },
      minCoverageMs: () => 5 * minute,
      learningSnapshots: () => 200,
      othersRun: () => false,
      onOutcome: (outcome) => void outcomes.push(outcome),
      onRefused: () => undefined,
      onLearned: () => undefined,
    });
  };
  const operator = { ingest: start() };
  const { call } = await startTestServer(clock, {
    ingest: ({ agent, snapshot, bytes }) =>
      operator.ingest({ node: agent.node, snapshot, bytes, receivedAt: clock.now() }),
  });
  const upload = async (snapshot: Snapshot): Promise<{ outcome: Outcome | undefined; result: string }> => {
    outcomes.length = 0;
    const body = zstdCompressSync(JSON.stringify(snapshot));
    const { text } = await call({ path: '/agent/v1/snapshots', token: 'node:node-1', body });
    // One and no more: it is counted once.
    return {
      outcome: outcomes.length === 1 ? outcomes[0] : undefined,
      result: uploadAnswer.parse(JSON.parse(text)).result,
    };
  };
  const restart = (): void => {
    operator.ingest = start();
  };
  return { store, clock, index, upload, restart };
}

async function leave(store: SqliteStore, image: Image, learned: Learned, why: 'relearned' | 'collected', at: number) {
  if (!(await store.archive(image, why, at))) return;
  learned.listed.clear();
  if (why === 'collected') return;
  learned.taught.clear();
  learned.sealed = false;
}

/** As far as it is told by what can be compared: the record, and the bytes of the evidence. */
async function learnedOf(store: SqliteStore, image: Image): Promise<unknown> {
  await store.restore(image, 0);
  const read = await store.evidence(image);
  if (read === undefined) return undefined;
  const { state, snapshots, countedSnapshots } = read.profile;
  return { state, snapshots, countedSnapshots, evidence: Buffer.from(read.evidence).toString('base64') };
}

async function learnedBy({ taught, sealed }: Learned): Promise<unknown> {
  if (taught.size === 0) return undefined;
  const evidence = [...taught.values()]
    .map((snapshot) => {
      const { from, to } = snapshot;
      return evidenceOfSnapshot(snapshot, contextOf({ notBefore: from - 5 * minute, notAfter: to + 5 * minute }));
    })
    .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
  const { bytes } = await packEvidence(evidence);
  return {
    state: sealed ? 'stable' : 'learning',
    snapshots: taught.size,
    countedSnapshots: taught.size,
    evidence: Buffer.from(bytes).toString('base64'),
  };
}

interface Comparison {
  readonly expected: unknown;
  readonly found: unknown;
}

interface World extends Awaited<ReturnType<typeof setUp>> {
  readonly model: Model;
  readonly run: number;
}

/** @returns for each upload what became of it, beside what should have */
async function send({ model, run, clock, upload }: World, step: Extract<Step, { do: 'send' }>): Promise<Comparison[]> {
  const snapshot = snapshotIn(step.container, step.period, run);
  const compared: Comparison[] = [];
  for (let time = 0; time < step.times; time += 1) {
    const outcome = model.arrive(step.container, snapshot, imageOf(step.container, run), clock);
    compared.push({ expected: { outcome, result: resultOf(outcome) }, found: await upload(snapshot) });
  }
  return compared;
}

async function endLearning({ model, run, store }: World, step: Extract<Step, { do: Ending }>): Promise<void> {
  const image = imageOf(step.container, run);
  const learned = model.of(image);
  if (step.do === 'relearn') return leave(store, image, learned, 'relearned', run);
  if (step.do === 'collect') return leave(store, image, learned, 'collected', run);
  const record = await store.profile(image);
  if (record !== undefined && (await store.seal(image, record.version, 0))) learned.sealed = true;
}

function deletePod({ model, run, clock, index }: World, number: number): void {
  index.delete(podOf(number, run));
  if (model.gone.has(number)) return;
  model.gone.set(number, { at: clock.now(), until: clock.monotonic() + 60 * minute });
}

async function take(world: World, step: Step): Promise<Comparison[]> {
  switch (step.do) {
    case 'send':
      return send(world, step);
    case 'wait':
      world.clock.pass(step.minutes * minute);
      break;
    case 'jump':
      world.clock.jump(step.minutes * minute);
      break;
    case 'restart':
      world.restart();
      world.model.answered.clear();
      break;
    case 'delete pod':
      deletePod(world, step.container);
      break;
    case 'seal':
    case 'relearn':
    case 'collect':
      await endLearning(world, step);
  }
  return [];
}

it('what arrives is learned once, or refused for a reason that is counted', { timeout: 120_000 }, async () => {
  const parts = await setUp();
  const { store, clock, index } = parts;
  let run = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      run += 1;
      const world: World = { ...parts, model: new Model(), run };
      // Two periods are over, and one is still to come. Time enough for quotas to fill.
      clock.pass(600 * minute);
      clock.jump(epoch + 20 * minute - clock.now());
      for (let number = 0; number < containers; number += 1) index.set(podOf(number, run), undefined);
      const compared: Comparison[] = [];
      for (const step of list) compared.push(...(await take(world, step)));
      for (const image of [imageOf(0, run), imageOf(1, run)]) {
        compared.push({
          expected: await learnedBy(world.model.of(image)),
          found: await learnedOf(store, image),
        });
      }
      expect(compared.map(({ found }) => found)).toEqual(compared.map(({ expected }) => expected));
    }),
    { numRuns: 30 },
  );
});
