import { connect } from 'node:net';
import { expect, it } from 'vitest';
import type { ClusterStatus, ContainerList, ContainerQuery } from '../server/api/status.ts';
import { startTestServer } from '../server/testing/test-server.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { clusterOf, now, type Situation } from './cluster/testing.ts';

const id = (number: number): string => number.toString(16).padStart(64, '0');

const agent = { version: '0.1.0', variant: 'raw', slots: { used: 5, max: 5 }, finishedKept: 0, lostRecords: 0 };
const status: ClusterStatus = {
  version: '0.1.0',
  at: now,
  agents: {
    items: [
      {
        ...agent,
        node: 'node-2',
        state: 'not-ready',
        why: 'agent not ready: unsupported: kernel 4.19\u001b[31m is too old',
        variant: '',
        heardAt: now - 9_000,
        slots: { used: 0, max: 5 },
      },
      {
        ...agent,
        node: 'node-1',
        state: 'ready',
        why: '',
        heardAt: now - 4_000,
        finishedKept: 2,
        lostRecords: 7,
        profiles: { told: 12, held: 9, failures: { format: 1, digest: 2, later: 1 } },
      },
      { ...agent, node: 'node-3', state: 'never-reported', why: 'no agent has reported from this node', version: '' },
    ],
    omitted: 4,
    ready: 1,
    notReady: 6,
  },
  containers: { total: 15, reasons: { profiling: 5, 'node-full': 9, someday: 1 }, longestWaitSeconds: 7_200 },
  profiles: { learning: 8, stable: 1 },
  store: {
    state: 'ready',
    message: '',
    usage: { bytes: 3 * 2 ** 20, snapshots: 120, archived: 2, volumeFreeBytes: 40 * 2 ** 30 },
  },
  concerns: {
    items: [
      {
        kind: 'SecurityProfile',
        name: 'app-v2',
        condition: 'Degraded',
        reason: 'NotLearned',
        message: 'Relearn or delete it.',
      },
    ],
    omitted: 0,
  },
};

const statusScreen = String.raw`Agents      1 ready, 6 not
NODE     STATE         VERSION   VARIANT   SLOTS    PROFILES   LOST   HEARD
node-2   Unsupported   0.1.0     -         0 of 5   -          0      9s ago
node-1   Ready         0.1.0     raw       5 of 5   9 of 12    7      4s ago
node-3   NoAgent       -         raw       5 of 5   -          0      never
node-2: agent not ready: unsupported: kernel 4.19\x1b[31m is too old
node-3: no agent has reported from this node
node-1: 2 profiles not held: other bytes came than those asked for
node-1: 1 profile not held: the agent cannot read what the operator gives: update it
and 4 more agents

Containers  15
     5 profiled now
     9 waiting: the slots of their node are taken
     1 someday
the longest wait is 2h; kubectl wsp containers lists all
agents keep what 2 did that ended before they got a slot

Profiles    8 learning, 1 finished

Store       takes what is learned: 3.0 MiB with 120 snapshots and 2 archived profiles, 40.0 GiB left on its volume

To look at  1
SecurityProfile app-v2 Degraded: NotLearned
  Relearn or delete it.
`;

const known: ContainerList = {
  items: [
    {
      containerId: id(1),
      node: 'node-1',
      namespace: 'shop',
      pod: 'app-1',
      container: 'app',
      image: 'ghcr.io/shop/app:v2',
      ranSeconds: 7_200,
      watchedSeconds: 1_800,
      imageHours: { watchedSeconds: 36_000, ranSeconds: 720_000 },
      reason: { code: 'node-full', text: 'node full: 5 of 5 slots are in use' },
      since: now - 300_000,
      queue: { place: 2, of: 9 },
    },
    {
      containerId: id(2),
      node: 'node-1',
      watchedSeconds: 0,
      reason: { code: 'unknown-container', text: 'waiting until the API server shows the container' },
    },
  ],
};

const containersScreen = `NAMESPACE   POD     CONTAINER      STATE               SINCE   WATCHED       WHY
shop        app-1   app            node-full           5m      30m of 2.0h   5 of 5 slots are in use; place 2 of 9 in the queue of its node
-           -       000000000000   unknown-container           -             waiting until the API server shows the container
`;

/** Behind the second, which the operator lists first. */
const place = `node-1 ~   ${id(2)}`;

/** A cluster whose operator knows the status and the two containers above. */
async function cluster(situation: Situation = {}) {
  const asked: ContainerQuery[] = [];
  const found = await clusterOf(
    {
      status: {
        status: () => Promise.resolve(status),
        containers: (query) => {
          asked.push(query);
          if (query.pod !== undefined && query.pod !== 'app-1') return { items: [] };
          const [first, second] = known.items;
          if (first === undefined || second === undefined) throw new Error('two were expected');
          return query.after === undefined ? { items: [second], next: place } : { items: [first] };
        },
      },
    },
    situation,
  );
  return { asked, ...found };
}

it('status: one screen, what is wrong first, nothing that steers the terminal', async () => {
  const { run, targets } = await cluster();
  expect(await run('status')).toEqual({ code: 0, out: statusScreen, err: '' });
  expect(targets).toEqual([{ namespace: 'workload-security', pod: 'op-0', port: 8443 }]);
  expect(JSON.parse((await run('status', '-o', 'json')).out)).toEqual(status);
});

it('containers: all pages, why each is profiled or not, its place and its time', async () => {
  const { run, asked } = await cluster();
  expect(await run('containers')).toEqual({ code: 0, out: containersScreen, err: '' });
  expect(asked).toEqual([{}, { after: place }]);
  expect((await run('containers', '-o', 'wide')).out).toMatch(
    / NODE +IMAGE +ID +IMAGE WATCHED +STATE [^]* 10\.0h of 200\.0h /,
  );
  const { out } = await run('containers', 'shop/app-1', '-c', 'app', '--node', 'node-1', '-o', 'json');
  expect(JSON.parse(out)).toEqual({ items: known.items });
  expect(asked.at(-2)).toEqual({ namespace: 'shop', pod: 'app-1', container: 'app', node: 'node-1' });
});

it.each([
  [
    {},
    ['containers', 'nobody', '-n', 'shop'],
    /knows no container of namespace shop, pod nobody\n.*kubectl get pods -A/,
  ],
  [{}, ['status', '--operator-namespace', 'other'], /no operator in the namespace other\n.*--operator-namespace NAME/],
  [{ holder: '' }, ['status'], /no operator is at work\n.*get pods/],
  [{ refused: { leases: 403 } }, ['status'], /403.*\n.*role workload-security-status/],
  [{ refused: { serviceaccounts: 403 } }, ['status'], /403.*\n.*create rolebinding/],
  [{ refused: { serviceaccounts: 404 } }, ['status'], /no service account workload-security-reader .*\n.*upgrade the/],
  [
    { allowed: false },
    ['status'],
    /refused \(403\): workload-security-reader may not get scheduling.*\n.*upgrade the release/,
  ],
] as const)('says what to do: %j %j', async (situation, words, message) => {
  const { run } = await cluster(situation);
  const { code, out, err } = await run(...words);
  expect([code, out]).toEqual([3, '']);
  expect(err).toMatch(message);
});

it('says so when there is no way to the operator', async () => {
  const { run } = await cluster({
    tunnel: () => Promise.reject(new Error('no way to port 8443 of pod a/b: forbidden')),
  });
  const { code, err } = await run('status');
  expect(code).toBe(3);
  expect(err).toMatch(/no way to port 8443 of pod a\/b: forbidden\n.*role workload-security-status/);
});

it('tells its token to nobody who has not the certificate of the operator', async () => {
  const other = await startTestServer(new FakeClock(now));
  const { run } = await cluster({ tunnel: () => Promise.resolve(connect(other.server.port, '127.0.0.1')) });
  const { code, err } = await run('status');
  expect(code).toBe(3);
  expect(err).toMatch(/did not answer: .*certificate/);
});
