import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import type { Snapshot } from '../../core/activity/snapshot.ts';
import { objectName } from '../../core/profile/object-name.ts';
import { containerNumber, epoch, minute, seenAt, snapshotOf } from '../../core/profile/testing.ts';
import type { ContainerRecord } from '../inventory/inventory.ts';
import { containerRecord } from '../inventory/testing/records.ts';
import { createCheckMetrics } from '../metrics/checks.ts';
import type { UnknownQuestion } from '../server/ports.ts';
import type { StoredSnapshot } from '../store/store.ts';
import { memoryStore } from '../store/testing/memory-store.ts';
import { createIngest } from './ingest.ts';
import { unknownBehaviours } from './unknown.ts';

const image = { name: 'docker.io/library/nginx', tag: '1.27' };
const name = objectName(image);
const later = epoch + 60 * minute;

const app = { ...seenAt('start'), parent: -1, executable: '/app', maxInstances: 1 };
const shell = { ...seenAt(), parent: 0, executable: '/bin/sh', inline: true as const, maxInstances: 1 };
const conf = { ...seenAt(), process: 0, path: '/etc/app/main.conf', access: ['read' as const] };
const db = { ...seenAt(), process: 0, direction: 'connect', protocol: 'tcp', address: '10.0.0.9', port: 5432 } as const;
const usual: Partial<Snapshot> = { processes: [app], files: [conf], network: [db] };
const odd: Partial<Snapshot> = { ...usual, processes: [app, shell], files: [{ ...conf, access: ['read', 'write'] }] };

/** Even containers live in the namespace `bank`, odd ones in `shop`. */
function record(number: number): ContainerRecord {
  const namespace = number % 2 === 0 ? 'bank' : 'shop';
  return containerRecord(number, { image, pod: { uid: `uid-${number}`, namespace, name: `web-${number}` } });
}

function learning(maxSnapshots?: number) {
  const { store, now } = memoryStore();
  const records = [1, 2, 3].map(record);
  // Nobody knows any more whose the address was when it is asked for again.
  let isResolved = true;
  const ingest = createIngest({
    store,
    inventory: {
      container: (id) => records.find((one) => one.id === id),
      resolve: ({ port }) => ({
        peer: isResolved ? { kind: 'service', namespace: 'shop', name: 'db' } : { kind: 'unknown' },
        port,
      }),
    },
    grants: { lookup: () => ({ state: 'active' }), completed: () => undefined },
    minCoverageMs: () => 5 * minute,
    learningSnapshots: () => 200,
    othersRun: () => false,
    onOutcome: () => undefined,
    onLearned: () => undefined,
    onRefused: () => undefined,
  });
  const registry = new Registry();
  let read = (stored: StoredSnapshot): StoredSnapshot => stored;
  const ask = unknownBehaviours({
    reads: {
      ...store,
      snapshots: async (...asked) => (await store.snapshots(...asked)).map((one) => read(one)),
      imageNamed: async (asked) => (asked === name ? image : undefined),
      podContainers: async (_image, { name: pod }) => records.filter((one) => one.pod.name === pod).map(({ id }) => id),
    },
    metrics: createCheckMetrics(registry),
    secret: new Uint8Array(32),
    ...(maxSnapshots !== undefined && { maxSnapshots }),
  });
  return {
    store,
    now,
    registry,
    upload: async (number: number, part: number, content: Partial<Snapshot>) => {
      const from = epoch + part * minute;
      const snapshot = snapshotOf(number, { ...content, from, to: from + minute / 2 });
      const bytes = zstdCompressSync(JSON.stringify(snapshot));
      const answer = await ingest({ node: 'node-1', snapshot, bytes, receivedAt: later + part });
      expect(answer).toMatchObject({ result: 'accepted' });
    },
    damage: (how: typeof read): void => {
      read = how;
    },
    forgetAddresses: () => (isResolved = false),
    seal: async () => {
      const { version = 0 } = (await store.profile(image)) ?? {};
      expect(await store.seal(image, version, later + 1_000)).toBe(true);
    },
    ask: (question: Partial<UnknownQuestion> = {}) => ask({ name, ...question }),
  };
}

/** Two containers teach what is usual, then the third something else. */
async function taught(maxSnapshots?: number) {
  const all = learning(maxSnapshots);
  await all.upload(1, 0, usual);
  await all.upload(2, 1, usual);
  await all.upload(3, 2, odd);
  all.forgetAddresses();
  return all;
}

const iso = (part: number): string => new Date(later + part).toISOString();

const newRows = [
  { kind: 'process', relevance: 'shell', lineage: ['/app', '/bin/sh -c …'], containers: 1 },
  {
    kind: 'file',
    path: '/etc/app/main.conf',
    access: ['write'],
    nearest: { access: 'read' },
    difference: [{ field: 'access', known: 'read', seen: 'write' }],
    containerIds: [containerNumber(3)],
  },
];

describe('what a profile does not know', () => {
  it('is what came after a time and was not known then', async () => {
    const { ask } = await taught();
    expect(await ask({ since: later + 1 })).toMatchObject({
      kind: 'found',
      value: {
        profile: { name, image, state: 'Learning', at: new Date(later + 1).toISOString() },
        snapshots: 1,
        containers: 1,
        counts: { known: 2, unknown: 2, undecided: 0, probes: 0 },
        omitted: 0,
        unknown: newRows,
      },
    });
    expect(await ask({ since: later })).toMatchObject({ value: { snapshots: 2, counts: { unknown: 2 } } });
    expect(await ask({ since: later - 1 })).toMatchObject({ code: 'nothing-known-then' });
    expect(await ask({ since: later + 2 })).toMatchObject({
      code: 'no-snapshots',
      reason: `no snapshot came after ${iso(2)}: the last one came at ${iso(2)}. Name a time (since) from ${iso(0)} on and before ${iso(2)}: what came after it is compared with what was known by then`,
    });
  });

  it('is not asked of a profile that learns, but of one of its containers: all it did is known', async () => {
    const { ask } = await taught();
    expect(await ask()).toMatchObject({ kind: 'nothing-to-compare', code: 'still-learning' });
    const answer = { snapshots: 1, counts: { known: 4, unknown: 0 }, unknown: [] };
    expect(await ask({ containerId: containerNumber(3) })).toMatchObject({ value: answer });
    expect(await ask({ pod: { namespace: 'shop', name: 'web-3' } })).toMatchObject({ value: answer });
    expect(await ask({ pod: { namespace: 'shop', name: 'web-9' } })).toMatchObject({ code: 'no-such-pod' });
    expect(await ask({ containerId: containerNumber(9) })).toMatchObject({
      code: 'no-snapshots',
      reason: expect.stringMatching(/^no snapshot of this container is kept: .* Name another/) as unknown,
    });
  });

  it('is nothing since sealing, because nobody watches then, and the answer says what to ask instead', async () => {
    const { ask, seal } = await taught();
    await seal();
    const reasonFor = async (question: Partial<UnknownQuestion>): Promise<unknown> => {
      const answer = await ask(question);
      expect(answer).toMatchObject({ kind: 'nothing-to-compare', code: 'no-snapshots' });
      return 'reason' in answer && answer.reason;
    };
    const watched = 'Containers of a finished profile are not watched any more.';
    const last = `the last one came at ${iso(2)}`;
    const range = `Name a time (since) from ${iso(0)} on and before ${iso(2)}: `;
    const compared = 'what came after it is compared with what was known by then';
    const finished = `no snapshot came since the profile was finished at ${iso(1_000)}`;
    expect(await reasonFor({})).toBe(`${finished}: ${last}. ${watched} ${range}${compared}`);
    expect(await reasonFor({ since: later + 5_000 })).toBe(
      `no snapshot came after ${iso(5_000)}: ${last}. ${watched} ${range}${compared}`,
    );
    // When others taught it is none of their business.
    expect(await reasonFor({ namespace: 'shop', confined: true })).toBe(
      `${finished}. ${watched} Name an earlier time (since): ${compared}`,
    );
    expect(await ask({ since: later + 1 })).toMatchObject({
      value: { profile: { state: 'Stable' }, unknown: newRows },
    });
  });

  it('is what is in quarantine, until it is released', async () => {
    const { ask, store, seal } = await taught();
    await store.quarantine(image, { containerId: containerNumber(3), since: 0 }, 'shop');
    await seal();
    const question = { containerId: containerNumber(3) };
    expect(await ask(question)).toMatchObject({ value: { counts: { known: 2, unknown: 2 }, unknown: newRows } });
    await store.release(image, { key: 'k', at: later, action: 'release', actor: 'ann', image, name, note: '' });
    expect(await ask(question)).toMatchObject({ value: { counts: { known: 4, unknown: 0 } } });
  });

  it('is of a tenant what its own pods did, of images that it ran', async () => {
    const { ask } = await taught();
    expect(await ask({ since: later, namespace: 'bank' })).toMatchObject({
      value: { snapshots: 1, counts: { known: 3, unknown: 0 } },
    });
    expect(await ask({ since: later, namespace: 'shop' })).toMatchObject({
      value: { snapshots: 1, unknown: newRows },
    });
    for (const namespace of ['other', 'sho', 'shop-2']) {
      expect(await ask({ since: later, namespace })).toEqual({ kind: 'nothing' });
    }
    expect(await ask({ namespace: 'other' })).toEqual({ kind: 'nothing' });
    expect(await ask({ containerId: containerNumber(3), namespace: 'bank' })).toMatchObject({ code: 'no-snapshots' });
    expect(await ask({ name: 'another' })).toEqual({ kind: 'nothing' });
  });

  it('names to a tenant nothing that others showed, however near it is', async () => {
    const { ask, upload } = await taught();
    // What its own pods showed is near as before.
    expect(await ask({ since: later + 1, namespace: 'shop', confined: true })).toMatchObject({
      value: { unknown: newRows },
    });
    const secret = { ...conf, path: '/etc/app/bank-secret.conf', access: ['write' as const] };
    const tool = { ...seenAt(), parent: 0, executable: '/bank/tool', maxInstances: 1 };
    await upload(2, 3, { ...usual, processes: [app, tool], files: [conf, secret] });
    const probe = { ...conf, path: '/etc/app/bank-secret.con', access: ['write' as const] };
    const other = { ...seenAt(), parent: 0, executable: '/shop/tool', maxInstances: 1 };
    await upload(3, 4, { ...usual, processes: [app, other], files: [probe] });
    const since = later + 3;
    const all = JSON.stringify(await ask({ since, namespace: 'shop' }));
    expect([all.includes('/bank/tool'), all.includes('bank-secret.conf')]).toEqual([true, true]);
    const confined = await ask({ since, namespace: 'shop', confined: true });
    expect(confined).toMatchObject({
      value: { counts: { unknown: 2 }, unknown: [{ kind: 'process' }, { nearest: { path: '/etc/app/main.conf' } }] },
    });
    expect(JSON.stringify(confined)).not.toMatch(/bank\/tool|bank-secret\.conf/);
  });

  it('is the same for a tenant whether or not others run the image, and however much', async () => {
    const own = { namespace: 'shop', confined: true } as const;
    const questions: readonly Partial<UnknownQuestion>[] = [
      { since: later },
      { since: later + 6 },
      { since: later + 7 },
      { containerId: containerNumber(2) },
      { containerId: containerNumber(3) },
      { since: later + 7, containerId: containerNumber(3) },
      { pod: { namespace: 'shop', name: 'web-3' } },
      {},
    ];
    const answers = async (crowd: readonly number[]): Promise<readonly unknown[]> => {
      const { ask, upload, seal, damage } = learning(2);
      for (let part = 0; part < 8; part += 1) {
        if (part === 0) await upload(1, part, usual);
        else if (part > 5) await upload(3, part, odd);
        else if (crowd.includes(part)) await upload(2, part, usual);
      }
      const given = [];
      for (const question of questions) given.push(await ask({ ...own, ...question }));
      damage((stored) => (stored.containerId === containerNumber(2) ? { ...stored, bytes: Uint8Array.of(1) } : stored));
      given.push(await ask({ ...own, containerId: containerNumber(2) }));
      await seal();
      given.push(await ask(own), await ask({ ...own, since: later + 7 }));
      return given;
    };
    const alone = await answers([]);
    expect(alone[0]).toMatchObject({ value: { snapshots: 2, containers: 1, counts: { unknown: 4 } } });
    expect(alone[0]).not.toHaveProperty('value.moreSnapshots');
    expect(await answers([1, 2, 3, 4, 5])).toEqual(alone);
  });

  it('is of no more snapshots than one answer may have, and says so', async () => {
    const { ask } = await taught(1);
    expect(await ask({ since: later })).toMatchObject({ value: { snapshots: 1, moreSnapshots: true } });
    const exact = await ask({ since: later + 1 });
    expect(exact.kind === 'found' && exact.value).not.toHaveProperty('moreSnapshots');
  });

  it('counts snapshots that are damaged, or without what was known of them, and is of the others', async () => {
    const { ask, upload, damage } = await taught();
    await upload(3, 3, odd);
    damage((stored) => (stored.receivedAt === later + 2 ? { ...stored, bytes: Uint8Array.of(1) } : stored));
    expect(await ask({ since: later + 1 })).toMatchObject({ value: { snapshots: 1, unreadable: 1 } });
    damage(({ snapshotId, containerId, node, from, to, receivedAt, bytes }) => {
      return { snapshotId, containerId, node, image, from, to, receivedAt, bytes };
    });
    expect(await ask({ containerId: containerNumber(3) })).toMatchObject({
      kind: 'found',
      value: { snapshots: 0, unreadable: 2, unknown: [] },
    });
  });

  it('tells who may not read the profile nothing of snapshots of others', async () => {
    const { ask, damage } = await taught();
    damage((stored) => ({ ...stored, bytes: Uint8Array.of(1) }));
    const own = { namespace: 'shop', confined: true } as const;
    expect(await ask({ ...own, containerId: containerNumber(2) })).toMatchObject({ code: 'no-snapshots' });
    expect(await ask({ ...own, containerId: containerNumber(3) })).toMatchObject({ value: { unreadable: 1 } });
    expect(await ask({ ...own, since: later + 1 })).toEqual({
      kind: 'gone',
      reason: expect.stringMatching(/^not all that .* is kept: .* Name a later time$/) as unknown,
    });
  });

  it('cannot be said where a snapshot of before is damaged', async () => {
    const { ask, damage } = await taught();
    damage((stored) => ({ ...stored, bytes: Uint8Array.of(1) }));
    expect(await ask({ since: later + 1 })).toMatchObject({
      kind: 'gone',
      reason: expect.stringMatching(/^snapshot .* is damaged$/) as unknown,
    });
  });

  it('compiles a profile once, and anew when it or its quarantine is another', async () => {
    const { ask, registry, store } = await taught();
    const compiled = async (): Promise<unknown> =>
      (await registry.getSingleMetric('profile_checks_total')?.get())?.values.map(({ value }) => value);
    const question = { containerId: containerNumber(3) };
    await ask(question);
    await ask(question);
    expect(await compiled()).toEqual([1, 1]);
    await store.quarantine(image, { containerId: containerNumber(3), since: 0 }, 'shop');
    await ask(question);
    expect(await compiled()).toEqual([1, 2]);
  });

  it('cannot be said where retention dropped what was known then', async () => {
    const { ask, store } = await taught();
    await store.trimSnapshots({ before: later + 1, bytes: 1e9 });
    expect(await ask({ since: later + 1 })).toMatchObject({ kind: 'gone' });
  });

  it('is a bounded list: what is left out is counted', async () => {
    const { ask, upload } = await taught();
    const files = Array.from({ length: 230 }, (_, n) => ({ ...conf, path: `/usr/lib/${n}.so` }));
    await upload(3, 3, { ...usual, files });
    const answer = await ask({ since: later + 2 });
    if (answer.kind !== 'found') throw new Error(answer.kind);
    expect(answer).toMatchObject({ value: { counts: { unknown: 230 }, omitted: 30 } });
  });
});
