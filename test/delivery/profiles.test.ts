/** A finished profile on its way: the operator's store, blobs and HTTPS server, and the agent's own side of the link. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { Counters } from '../../agent/counters.ts';
import { followDesired } from '../../agent/link/desired-stream.ts';
import { initialDesired } from '../../agent/link/desired-file.ts';
import { OperatorConnection } from '../../agent/link/operator-connection.ts';
import { ProfileFetcher } from '../../agent/link/profile-fetcher.ts';
import { ProfileFiles } from '../../agent/link/profile-files.ts';
import { Recording } from '../../core/activity/testing/recording.ts';
import type { Image } from '../../core/image.ts';
import { openProfile } from '../../core/match/compiled-profile.ts';
import { evidenceOf } from '../../core/match/testing.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { containerNumber } from '../../core/profile/testing.ts';
import { packEvidence } from '../../operator/learning/evidence-bytes.ts';
import { KnownProfiles } from '../../operator/learning/known-profiles.ts';
import { nodeBlobs } from '../../operator/learning/node-blobs.ts';
import { compileStored } from '../../operator/learning/compile-stored.ts';
import { ProfileBlobs } from '../../operator/learning/profile-blobs.ts';
import { createBlobMetrics } from '../../operator/metrics/blobs.ts';
import { nodeProfiles } from '../../operator/scheduling/node-profiles.ts';
import { startTestServer } from '../../operator/server/testing/test-server.ts';
import { memoryStore } from '../../operator/store/testing/memory-store.ts';
import { commitOf, snapshotRecord } from '../../operator/store/testing/records.ts';
import { FakeClock } from '../../operator/testing/fake-clock.ts';

const image: Image = { name: 'docker.io/library/app', tag: 'v1' };
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function operator() {
  const known = new KnownProfiles(() => undefined);
  const store = known.follow(memoryStore().store);
  const blobs = new ProfileBlobs({
    store,
    compile: (evidence, marks) => compileStored(evidence, marks, new Uint8Array(16)),
    metrics: createBlobMetrics(new Registry()),
    log: pino({ enabled: false }),
  });
  const told = (node: string): readonly string[] =>
    node === 'n1' ? nodeProfiles([{ image }], (asked) => known.get(asked)).told : [];
  const server = await startTestServer(new FakeClock(), { blobs: nodeBlobs({ told, known, blobs }) });
  let version = 0;
  return {
    ...server,
    store,
    /** As reconciliation and scheduling do after a change. */
    settle: async (): Promise<void> => {
      const record = await store.profile(image);
      if (record !== undefined) await blobs.compiled(record);
      version += 1;
      for (const [node, listeners] of server.listeners) {
        for (const listener of listeners) listener({ ...initialDesired, version, profiles: [...told(node)] });
      }
    },
  };
}

function agent(node: string, { server, authority }: Awaited<ReturnType<typeof startTestServer>>) {
  const directory = mkdtempSync(join(tmpdir(), 'wsp-delivery-'));
  const [caFile, tokenFile] = [join(directory, 'ca'), join(directory, 'token')];
  writeFileSync(caFile, authority.cert);
  writeFileSync(tokenFile, `node:${node}`);
  const url = new URL(`https://127.0.0.1:${server.port}`);
  const connection = new OperatorConnection({ url, caFile, tokenFile });
  const counters = new Counters();
  const parts = { connection, counters, log: quiet, random: () => 0 };
  const files = new ProfileFiles({ directory: join(directory, 'profiles'), maxBytes: 1_000_000, log: quiet });
  const fetcher = new ProfileFetcher({ ...parts, files, changed: () => undefined, paceMs: 1 });
  const end = new AbortController();
  const desired = followDesired(
    { ...parts, heard: () => undefined, desired: ({ profiles }) => fetcher.name(profiles) },
    end.signal,
  );
  const running = Promise.all([desired, fetcher.run(end.signal)]);
  onTestFinished(async () => {
    end.abort();
    await running;
    connection.close();
    rmSync(directory, { recursive: true });
  });
  const onDisk = (): Uint8Array[] =>
    readdirSync(join(directory, 'profiles')).map((file) => readFileSync(join(directory, 'profiles', file)));
  return { fetcher, counters, connection, onDisk };
}

const knows = (bytes: Uint8Array, executable: string): boolean => {
  const opened = openProfile(bytes);
  return opened.ok && opened.profile.place(undefined, { executable }).match.verdict === 'known';
};

it('a sealed profile reaches the nodes that run its image, changes with quarantine, and goes when it is relearned', async () => {
  const { store, settle, ...server } = await operator();
  const here = agent('n1', server);
  await expect.poll(() => server.listeners.get('n1')?.size).toBe(1);

  const ran = (container: number, program: string) =>
    evidenceOf(new Recording().exec(1, program).events, { container });
  const { bytes: evidence } = await packEvidence(mergeEvidence(ran(1, '/usual'), ran(2, '/evil')));
  await store.commitSnapshot({ ...commitOf(1, snapshotRecord({ image })), evidence });
  await settle();
  expect(here.onDisk()).toEqual([]);

  await store.seal(image, 1, 5);
  await settle();
  await expect.poll(() => here.fetcher.report().held).toHaveLength(1);
  const [digest = ''] = here.fetcher.report().held;
  expect(here.onDisk().map((bytes) => [knows(bytes, '/usual'), knows(bytes, '/evil')])).toEqual([[true, true]]);

  // Somebody else has nothing of it, whatever he knows.
  const { connection } = agent('n2', server);
  const path = `/agent/v1/profiles/${digest}`;
  const answer = await connection.call({ method: 'GET', path, signal: new AbortController().signal });
  expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('"other-node"')]);

  await store.quarantine(image, { containerId: containerNumber(2), since: 0 }, 'shop');
  await settle();
  await expect.poll(() => here.fetcher.report().held).not.toContain(digest);
  await expect.poll(() => here.fetcher.report().held).toHaveLength(1);
  expect(here.onDisk().map((bytes) => [knows(bytes, '/usual'), knows(bytes, '/evil')])).toEqual([[true, false]]);

  await store.archive(image, 'relearned', 6);
  await settle();
  await expect.poll(() => here.onDisk()).toEqual([]);
  expect(here.counters.toJSON()).toEqual({ 'profiles_fetched_total{result="held"}': 2 });
});
