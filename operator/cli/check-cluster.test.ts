/** `profile check` without files: the operator is asked. */
import { expect, it } from 'vitest';
import { seenAt, snapshotOf } from '../../core/profile/testing.ts';
import type { AccessQuestion } from '../kube/reviews.ts';
import type { UnknownAnswer, UnknownQuestion } from '../server/ports.ts';
import { found } from '../server/testing/found.ts';
import { clusterOf, type Situation } from './cluster/testing.ts';
import { checkAnswerSchema } from './input/check-answer.ts';
import { runCli } from './testing.ts';

const image = 'nginx-1.27-6965a10c15';
const id = 'a'.repeat(64);
const nginx = { ...seenAt('start'), parent: -1, executable: '/usr/sbin/nginx', maxInstances: 3 };
const shell = { ...seenAt(), parent: 0, executable: '/bin/sh', maxInstances: 1 };
const files = {
  'l.json': JSON.stringify(snapshotOf(1, { processes: [nginx] })),
  's.json': JSON.stringify(snapshotOf(2, { processes: [nginx, shell] })),
};

/** What the same question finds in files, as text and as the operator would send it. */
async function offline(seen: 'l.json' | 's.json') {
  const { out } = await runCli(['profile', 'merge', 'l.json', '--image', 'nginx:1.27'], { files });
  const check = (...words: string[]) =>
    runCli(['profile', 'check', 'p.json', seen, ...words], { files: { ...files, 'p.json': out } });
  const answer = checkAnswerSchema.parse(JSON.parse((await check('-o', 'json')).out));
  return { text: (await check()).out, answer };
}

async function cluster(answer: (question: UnknownQuestion) => UnknownAnswer, situation: Situation = {}) {
  const asked: UnknownQuestion[] = [];
  const reviewed: (readonly [string, AccessQuestion])[] = [];
  const { allowed = true } = situation;
  const running = await clusterOf(
    {
      isAllowed: async ({ username }, question) => {
        reviewed.push([username, question]);
        return allowed;
      },
      unknown: async (question) => {
        asked.push(question);
        return answer(question);
      },
    },
    situation,
  );
  return { asked, reviewed, check: (...words: string[]) => running.run('profile', 'check', ...words) };
}

it.each([
  ['s.json', 1],
  ['l.json', 0],
] as const)('says the same of the snapshots in %s as with files, and ends with %d', async (seen, code) => {
  const { text, answer } = await offline(seen);
  const { check } = await cluster(() => found(answer));
  expect(await check(image, '--since', '1h')).toEqual({ code, out: text, err: '' });
  const json = await check(image, '--since', '1h', '-o', 'json');
  expect([json.code, JSON.parse(json.out)]).toEqual([code, answer]);
});

it('says as of when, and that there is more, and lets nothing steer the terminal', async () => {
  const { answer } = await offline('s.json');
  const then = { name: image, state: 'Stable', at: '2030-01-01T01:00:00.000Z' };
  const row = { relevance: 'of-tomorrow', why: 'it\u001b[2J', sentence: 'Odd\u202e.', containers: 2 };
  const { check } = await cluster(() =>
    found({ ...answer, profile: then, moreSnapshots: true, unreadable: 1, unknown: [row] }),
  );
  const { out } = await check(image, '--since', '1h');
  expect(out).toMatch(/^nginx-1.27-6965a10c15 \(as it was at 2030-01-01T01:00:00.000Z\) and 1 snapshot/);
  expect(out).toContain('note: there are more snapshots, not compared: ');
  expect(out).toContain('note: 1 snapshot in the store could not be read');
  expect(out).toContain(String.raw`it\x1b[2J`);
  expect(out).toContain('Odd');
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

it('asks for a time, a container, a pod, a namespace, by name or by image', async () => {
  const { answer } = await offline('l.json');
  const { check, asked } = await cluster(({ name }) => (name === image ? found(answer) : { kind: 'nothing' }));
  await check(image);
  await check(image, '--since', '1h30m', '-n', 'shop');
  await check(image, '--since', '2029-12-31');
  await check(image, '--container', `containerd://${id}`);
  await check('nginx:1.27', '--pod', 'shop/web-0');
  expect(asked).toEqual([
    { name: image },
    { name: image, since: Date.parse('2030-01-01T00:30:00Z'), namespace: 'shop' },
    { name: image, since: Date.parse('2029-12-31') },
    { name: image, containerId: id },
    { name: image, pod: { namespace: 'shop', name: 'web-0' }, namespace: 'shop' },
  ]);
});

it('shows the operator the account that may read profiles, never the one that may read the status', async () => {
  const { answer } = await offline('l.json');
  const { check, reviewed } = await cluster(() => found(answer));
  await check(image);
  expect(reviewed).toEqual([
    ['workload-security-model-reader', expect.objectContaining({ resource: 'securityprofiles', subresource: 'model' })],
  ]);
});

const nothing: UnknownAnswer = { kind: 'nothing' };
const toCompare = (code: string): UnknownAnswer => ({ kind: 'nothing-to-compare', code, reason: 'why not' });

it.each<readonly [UnknownAnswer, Situation, readonly string[], number, RegExp]>([
  [nothing, {}, [image], 2, /the operator has no profile nginx-.*\n.*wsp profiles lists/],
  [nothing, {}, ['Not:a:name'], 2, /the operator has no profile Not:a:name\n/],
  [toCompare('still-learning'), {}, [image], 2, /error: there is nothing to compare: why not\n.*--since 1h, --pod/],
  [
    toCompare('no-snapshots'),
    {},
    [image],
    2,
    /nothing to compare: why not\n.*profile check PROFILE FILE….*relearn PROFILE/,
  ],
  [{ kind: 'gone', reason: 'dropped' }, {}, [image, '--since', '9h'], 2, /refused \(410\): dropped\n.*later --since/],
  [
    nothing,
    {},
    [image, '--since', 'yesterday'],
    2,
    /refused \(400\): since is a time in UTC.*\n.*duration such as 1h30m/,
  ],
  [nothing, {}, [image, '--container', 'abc'], 2, /refused \(400\): container is the id.*\n.*containerID/],
  [nothing, {}, [image, '--container', id, '--pod', 'a/b'], 2, /--container <id>' cannot be used with/],
  [nothing, {}, ['p.yaml'], 2, /not the file p.yaml\n.*files with snapshots/],
  [
    nothing,
    { allowed: false },
    [image],
    3,
    /\(403\): workload-security-model-reader may not get .*model: .*\n.*upgrade/,
  ],
  [nothing, { refused: { serviceaccounts: 403 } }, [image], 3, /403.*\n.*--role=workload-security-check --user/],
  [nothing, { refused: { serviceaccounts: 404 } }, [image], 3, /no service account workload-security-model-reader/],
  [nothing, { refused: { leases: 404 } }, [image], 3, /no operator in the namespace/],
])('says what to do: %j %j %j', async (answer, situation, words, code, message) => {
  const { check } = await cluster(() => answer, situation);
  const ended = await check(...words);
  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err).toMatch(message);
});

it('asks nobody where snapshots are in files, and has no questions for them', async () => {
  const { check, asked } = await cluster(() => nothing, { files });
  expect(await check(image, 's.json', '--since', '1h')).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('--since') as unknown,
  });
  expect(asked).toEqual([]);
});

it('says to come back to an operator that is busy', async () => {
  const { run } = await clusterOf({ isAllowed: () => Promise.reject(new Error('API server is away')) });
  const { code, err } = await run('profile', 'check', image);
  expect(code).toBe(3);
  expect(err).toMatch(/refused \(503\): .*\n.*ask again in some seconds/);
});

it('ends with 3 where no cluster can be reached', async () => {
  expect(await runCli(['profile', 'check', image])).toMatchObject({ code: 3, out: '' });
});
