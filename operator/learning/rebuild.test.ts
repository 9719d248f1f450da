import { zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { setSize } from '../../core/profile/container-set.ts';
import type { ClusterNames } from '../../core/profile/dns-names.ts';
import { encodeEvidence } from '../../core/profile/encode-evidence.ts';
import { emptyEvidence } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { objectName } from '../../core/profile/object-name.ts';
import type { Peer } from '../../core/profile/peer.ts';
import {
  containerNumber,
  contextOf,
  epoch,
  minute,
  seenAt,
  snapshotOf,
  someSnapshot,
} from '../../core/profile/testing.ts';
import type { SqliteStore } from '../store/sqlite/sqlite-store.ts';
import { temporaryStore } from '../store/testing/temporary-store.ts';
import { packEvidence } from './evidence-bytes.ts';
import { createIngest } from './ingest.ts';
import { profileModels } from './profile-model.ts';
import { evidenceAt, rebuild } from './rebuild.ts';

let store: SqliteStore;
beforeEach(async () => {
  store = await temporaryStore();
});

const imageOf = (run: number) => ({ name: 'docker.io/library/nginx', tag: `${run}` });
const peers: readonly Peer[] = [
  { kind: 'service', namespace: 'shop', name: 'db' },
  { kind: 'workload', namespace: 'shop', workload: 'Deployment/app', name: 'web' },
  { kind: 'external', block: '203.0.113.0/24' },
  { kind: 'node' },
];

/** Uploads of one image; addresses belong to somebody else with every question, as those of pods do. */
function uploads(run: number, clusterNames: () => ClusterNames = () => ({})) {
  const image = imageOf(run);
  let asked = 0;
  const ingest = createIngest({
    store,
    inventory: {
      container: (id) => ({
        id,
        name: 'web',
        kind: 'container',
        image,
        digest: `sha256:${id.slice(-2)}`,
        pod: { uid: `uid-${id}`, namespace: 'shop', name: 'web' },
        workload: { kind: 'Deployment', name: id.endsWith('1') ? 'web' : 'api' },
        node: 'node-1',
        startedAt: epoch,
      }),
      resolve: ({ port }) => ({ peer: peers[asked++ % peers.length] ?? { kind: 'self' }, port: port + (asked % 2) }),
    },
    grants: { lookup: () => ({ state: 'active' }), completed: () => undefined },
    minCoverageMs: () => 5 * minute,
    learningSnapshots: () => 200,
    othersRun: () => false,
    clusterNames,
    onOutcome: () => undefined,
    onRefused: () => undefined,
    onLearned: () => undefined,
  });
  return (snapshot: Snapshot, receivedAt: number) =>
    ingest({ node: 'node-1', snapshot, bytes: zstdCompressSync(JSON.stringify(snapshot)), receivedAt });
}

/** Of a container of this run: one that was seen in another would overlap itself. */
function ownContainer(snapshot: Snapshot, run: number): Snapshot {
  const id = containerNumber(run * 16 + Number.parseInt(snapshot.container.id, 16));
  return { ...snapshot, container: { ...snapshot.container, id }, snapshotId: `${id}/${snapshot.from}` };
}

const later = epoch + 60 * minute;

it('makes again, byte for byte, what was merged one by one, as of every time', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(someSnapshot, { minLength: 1, maxLength: 10 }), async (snapshots) => {
      run += 1;
      const image = imageOf(run);
      const upload = uploads(run);
      const states: { readonly at: number; readonly bytes: Uint8Array }[] = [];
      for (const [index, snapshot] of snapshots.entries()) {
        await upload(ownContainer(snapshot, run), later + index);
        states.push({ at: later + index, bytes: (await store.evidence(image))?.evidence ?? new Uint8Array() });
      }
      for (const { at, bytes } of states) {
        const found = await evidenceAt(store, image, at);
        if (found.kind !== 'evidence') throw new Error(`${found.kind} at ${at}`);
        expect(Buffer.compare((await packEvidence(found.evidence)).bytes, bytes)).toBe(0);
      }
      const all = await rebuild(store, image);
      expect(Buffer.compare((await packEvidence(all.evidence)).bytes, states.at(-1)?.bytes ?? new Uint8Array())).toBe(
        0,
      );
      expect(all.snapshots).toBe((await store.profile(image))?.snapshots);
    }),
    { numRuns: 15 },
  );
});

it('makes the same again after the domains were changed: those of then are kept with each snapshot', async () => {
  let clusterNames: ClusterNames = {};
  const upload = uploads(1, () => clusterNames);
  const asked = ['api.test', 'api.test.ec2.internal', 'db.shop.svc.k8s.corp'];
  const dns = asked.map((name) => ({ ...seenAt(), process: 0, name, types: ['A' as const] }));
  const processes = [{ ...seenAt(), parent: -1, executable: '/program', maxInstances: 1 }];
  const names = async (): Promise<string[]> => {
    const { evidence } = await rebuild(store, imageOf(1));
    const stored = (await store.evidence(imageOf(1)))?.evidence ?? new Uint8Array();
    expect(Buffer.compare((await packEvidence(evidence)).bytes, stored)).toBe(0);
    return [...evidence.dns.values()].map(({ name, containers }) => `${name} ${setSize(containers)}`).toSorted();
  };
  await upload(snapshotOf(1, { processes, dns }), later);
  expect(await names()).toEqual(['api.test 1', 'api.test.ec2.internal 1', 'db.shop.svc.k8s.corp 1']);
  clusterNames = { clusterDomain: 'k8s.corp', searchDomains: ['ec2.internal'] };
  await upload(snapshotOf(2, { processes, dns }), later + 1);
  expect(await names()).toEqual(['api.test 2', 'api.test.ec2.internal 1', 'db 1', 'db.shop.svc.k8s.corp 1']);
});

async function learnThree(): Promise<void> {
  const upload = uploads(1);
  for (const number of [1, 2, 3]) {
    const processes = [{ ...seenAt(), parent: -1, executable: `/program-${number}`, maxInstances: 1 }];
    await upload(snapshotOf(number, { processes }), later + number);
  }
}

const executables = (text: Uint8Array): string[] =>
  [...new Set(new TextDecoder().decode(text).match(/program-\d/g))].toSorted();

it('tells what was known then, what is known now, and that nothing was', async () => {
  await learnThree();
  expect(await evidenceAt(store, imageOf(1), later)).toEqual({ kind: 'nothing' });
  expect(await evidenceAt(store, imageOf(2), later + 9)).toEqual({ kind: 'nothing' });
  const then = await evidenceAt(store, imageOf(1), later + 2);
  expect(then).toMatchObject({ kind: 'evidence', source: 'rebuilt', snapshots: 2 });
  expect(then.kind === 'evidence' && executables(encodeEvidence(then.evidence))).toEqual(['program-1', 'program-2']);
  const now = await evidenceAt(store, imageOf(1), later + 3);
  expect(now).toMatchObject({ kind: 'evidence', source: 'stored', snapshots: 3 });
});

it('says when raw snapshots are gone, but still knows the present', async () => {
  await learnThree();
  await store.trimSnapshots({ before: later + 2, bytes: 2 ** 40 });
  expect(await evidenceAt(store, imageOf(1), later + 2)).toMatchObject({
    kind: 'gone',
    stored: 2,
    rebuildable: 1,
    reason: expect.stringContaining('of 2 snapshots, 1 are kept no more') as unknown,
  });
  expect(await evidenceAt(store, imageOf(1), later + 3)).toMatchObject({ kind: 'evidence', source: 'stored' });
});

it('does not take the snapshots since its return for all that an archived profile was made of', async () => {
  await learnThree();
  await store.archive(imageOf(1), 'collected', later + 10);
  await store.restore(imageOf(1), later + 20);
  await uploads(1)(snapshotOf(4), later + 30);
  await uploads(1)(snapshotOf(5), later + 40);
  expect(await evidenceAt(store, imageOf(1), later + 30)).toMatchObject({ kind: 'gone', stored: 5, rebuildable: 2 });
  expect(await evidenceAt(store, imageOf(1), later + 40)).toMatchObject({ kind: 'evidence', snapshots: 5 });
});

it('notices that retention was faster', async () => {
  await learnThree();
  const trimmedMeanwhile = {
    evidence: store.evidence.bind(store),
    snapshotCounts: store.snapshotCounts.bind(store),
    snapshots: async (...[image, page]: Parameters<SqliteStore['snapshots']>) => {
      await store.trimSnapshots({ before: later + 2, bytes: 2 ** 40 });
      return store.snapshots(image, page);
    },
  };
  expect(await evidenceAt(trimmedMeanwhile, imageOf(1), later + 2)).toMatchObject({ kind: 'gone', rebuildable: 1 });
});

it('names a snapshot that it cannot read', async () => {
  await learnThree();
  const [first] = await store.snapshots(imageOf(1), { limit: 1 });
  if (first === undefined) throw new Error('nothing was stored');
  const of = (changed: Partial<typeof first>) =>
    rebuild({ snapshots: () => Promise.resolve([{ ...first, ...changed }]) }, imageOf(1));
  await expect(of({ bytes: Uint8Array.of(1) })).rejects.toThrow(`${first.snapshotId} cannot be read`);
  await expect(of({ context: zstdCompressSync('{}') })).rejects.toThrow(`${first.snapshotId} cannot be read`);
});

it('shows a profile by the name of its object, now and as it was', async () => {
  await learnThree();
  const profiles = profileModels({
    ...store,
    imageNamed: async (asked) => [imageOf(1)].find((one) => objectName(one) === asked),
  });
  const name = objectName(imageOf(1));
  const profile = { kind: 'SecurityProfile', metadata: { name }, spec: { image: imageOf(1) } };
  expect(await profiles(name, later + 60 * minute)).toMatchObject({
    kind: 'found',
    value: { ...profile, spec: { behavior: { processes: [{}, {}, {}] } }, status: { snapshots: 3, containers: 3 } },
  });
  await store.seal(imageOf(1), 3, later + 4);
  const omitted = { processes: 0, files: 2, dns: 0, network: 0 };
  const compiled = { digest: 'sha256:ab', bytes: 9, fingerprints: 2, omitted };
  await store.keepCompiled(imageOf(1), 4, { ...compiled, revision: 1 });
  expect(await profiles(name, later + 60 * minute)).toMatchObject({ value: { status: { compiled } } });
  expect(await profiles(name, later + 1)).not.toHaveProperty('value.status.compiled');
  expect(await profiles(name, later + 1)).toMatchObject({
    kind: 'found',
    value: { ...profile, spec: { behavior: { processes: [{ executable: '/program-1' }] } }, status: { snapshots: 1 } },
  });
  expect(await profiles(name, later - 1)).toEqual({ kind: 'nothing' });
  expect(await profiles('no-such-profile', later)).toEqual({ kind: 'nothing' });
});

it('shows more entries than a list of the object takes', async () => {
  const letters = 'abcdefghijklmnopqrst'.split('');
  const file = { ...seenAt(), process: 0, access: ['read' as const] };
  const paths = letters.flatMap((a) => letters.flatMap((b) => letters.slice(0, 11).map((c) => `/srv/${a}/${b}/${c}`)));
  const processes = [{ ...seenAt(), parent: -1, executable: '/program', maxInstances: 1 }];
  await uploads(1)(snapshotOf(1, { processes, files: paths.map((path) => ({ ...file, path })) }), later);
  const profiles = profileModels({ ...store, imageNamed: () => Promise.resolve(imageOf(1)) });
  const model = await profiles(objectName(imageOf(1)), later);
  expect(model).toHaveProperty('value.spec.behavior.files.length', 4_400);
  expect(model).toHaveProperty('value.spec.evidence.omitted.files', 0);
});

it('names all workloads of an image that the object has no room for', async () => {
  await learnThree();
  const image = imageOf(1);
  const workloads = Array.from({ length: 70 }, (_, index) => `team-${index + 10}/Deployment/web`);
  const learned = workloads
    .map((workload, index) => evidenceOfSnapshot(snapshotOf(index + 1), contextOf({ workload })))
    .reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
  const { bytes } = await packEvidence(learned);
  const known = await store.evidence(image);
  const evidence = async () => known && { ...known, evidence: bytes };
  const model = await profileModels({ ...store, evidence, imageNamed: async () => image })(objectName(image), Infinity);
  expect(model).toMatchObject({ kind: 'found', value: { spec: { evidence: { workloads } } } });
  expect(model).not.toHaveProperty('value.spec.evidence.workloadsOmitted');
});
