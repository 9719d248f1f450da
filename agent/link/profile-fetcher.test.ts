import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { compiledDigest } from '../../core/match/compiled-format.ts';
import { Counters } from '../counters.ts';
import { OperatorConnection } from './operator-connection.ts';
import { ProfileFetcher } from './profile-fetcher.ts';
import { ProfileFiles } from './profile-files.ts';
import { OperatorServer } from './testing/operator-server.ts';
import { profileBytes } from './testing/profile-bytes.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const profiles = new Map(
  ['/bin/a', '/bin/b', '/bin/c'].map((program) => [compiledDigest(profileBytes(program)), profileBytes(program)]),
);
const digests = [...profiles.keys()].toSorted();
const [first = '', second = '', third = ''] = digests;

let server: OperatorServer;
let connection: OperatorConnection;
let counters: Counters;
let end: AbortController;
let running: Promise<void>[];
const changed = vi.fn<() => void>();

beforeEach(async () => {
  server = new OperatorServer();
  server.answer = ({ line }, response) => void response.end(profiles.get(digestIn(line)));
  await server.start();
  connection = new OperatorConnection({ url: server.url, caFile: server.caFile, tokenFile: server.tokenFile });
  counters = new Counters();
  end = new AbortController();
  running = [];
  changed.mockClear();
});
afterEach(async () => {
  end.abort();
  await Promise.all(running);
  connection.close();
  await server.stop();
  server.remove();
});

const digestIn = (line: string): string => /^GET \/agent\/v1\/profiles\/(.+)$/.exec(line)?.[1] ?? '';
const asked = (): string[] => server.received.map(({ line }) => digestIn(line));
const directory = (): string => join(server.directory, 'profiles');

/** As after a start of the agent. */
function begin(maxBytes = 1_000_000): { readonly files: ProfileFiles; readonly fetcher: ProfileFetcher } {
  const files = new ProfileFiles({ directory: directory(), maxBytes, log });
  const fetcher = new ProfileFetcher({ connection, counters, log, random: () => 0, files, changed, paceMs: 1 });
  running.push(fetcher.run(end.signal));
  return { files, fetcher };
}

it('fetches what is named and missing, and lets go of what is not named any more', async () => {
  const { files, fetcher } = begin();
  fetcher.name([first, second]);
  await expect.poll(() => changed).toHaveBeenCalledTimes(1);
  expect(fetcher.report()).toEqual({ held: [first, second], failed: [] });
  expect(asked()).toEqual([first, second]);
  fetcher.name([second, third]);
  await expect.poll(() => changed).toHaveBeenCalledTimes(2);
  expect(files.held).toEqual([second, third]);
  expect(asked()).toEqual([first, second, third]);
  expect(counters.toJSON()).toEqual({ 'profiles_fetched_total{result="held"}': 3 });
});

it('keeps what it holds over a restart until the operator has spoken, and asks for nothing again', async () => {
  begin().fetcher.name([first, second]);
  await expect.poll(() => readdirSync(directory())).toHaveLength(2);
  const { files, fetcher } = begin();
  expect(fetcher.report()).toEqual({ held: [first, second], failed: [] });
  fetcher.name([second]);
  await expect.poll(() => files.held).toEqual([second]);
  expect(asked()).toEqual([first, second]);
});

it('refuses bytes that are not those of the digest, says so, and asks again later', async () => {
  let isWrong = true;
  server.answer = ({ line }, response) => {
    const digest = digestIn(line);
    response.end(profiles.get(isWrong && digest === first ? third : digest));
  };
  const { files, fetcher } = begin();
  fetcher.name([first, second]);
  await expect.poll(() => files.held).toEqual([second]);
  expect(fetcher.report().failed).toEqual([{ digest: first, reason: 'digest' }]);
  isWrong = false;
  await expect.poll(() => fetcher.report()).toEqual({ held: [first, second], failed: [] });
  const counted = counters.toJSON();
  expect(counted['profiles_fetched_total{result="digest"}']).toBeGreaterThan(0);
  expect(counted['operator_failures_total{call="profiles"}']).toBeGreaterThan(0);
});

it('asks once for what it cannot read, whatever else is named later', async () => {
  const newer = profileBytes('/bin/a').slice();
  newer[4] = 2;
  const digest = compiledDigest(newer);
  server.answer = (_, response) => void response.end(newer);
  const { fetcher } = begin();
  fetcher.name([digest]);
  await expect.poll(() => changed).toHaveBeenCalledTimes(1);
  expect(fetcher.report()).toEqual({ held: [], failed: [{ digest, reason: 'format' }] });
  expect(asked()).toEqual([digest]);
  fetcher.name([digest]);
  server.answer = ({ line }, response) => void response.end(profiles.get(digestIn(line)));
  fetcher.name([first, digest].toSorted());
  await expect.poll(() => changed).toHaveBeenCalledTimes(2);
  expect(fetcher.report()).toEqual({ held: [first], failed: [{ digest, reason: 'format' }] });
  expect(asked()).toEqual([digest, first]);
});

it('says what there is no room for, and asks again when others went', async () => {
  const { fetcher } = begin((profiles.get(first)?.length ?? 0) + 1);
  fetcher.name([first, second]);
  await expect.poll(() => changed).toHaveBeenCalledTimes(1);
  expect(fetcher.report()).toEqual({ held: [first], failed: [{ digest: second, reason: 'room' }] });
  fetcher.name([second]);
  await expect.poll(() => fetcher.report()).toEqual({ held: [second], failed: [] });
  expect(asked()).toEqual([first, second, second]);
});

it('goes on after refusals and endless answers', async () => {
  const answers = [
    { status: 404, body: '{"detail":"changed"}' },
    { status: 200, body: 'x'.repeat(500_000) },
  ];
  server.answer = ({ line }, response) => {
    const { status, body } = answers.shift() ?? { status: 200, body: profiles.get(digestIn(line)) };
    response.writeHead(status).end(body);
  };
  const { fetcher } = begin();
  fetcher.name([first]);
  await expect.poll(() => fetcher.report().held).toEqual([first]);
  expect(counters.toJSON()).toEqual({
    'profiles_fetched_total{result="unavailable"}': 2,
    'profiles_fetched_total{result="held"}': 1,
    'operator_failures_total{call="profiles"}': 2,
  });
});

it('says that the disk takes nothing, and tries again', async () => {
  const { fetcher } = begin();
  rmSync(directory(), { recursive: true });
  fetcher.name([first]);
  await expect.poll(() => fetcher.report().failed).toEqual([{ digest: first, reason: 'disk' }]);
  mkdirSync(directory());
  await expect.poll(() => fetcher.report()).toEqual({ held: [first], failed: [] });
});
