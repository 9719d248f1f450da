import { describe, expect, it } from 'vitest';
import type { AccessQuestion, Identity } from '../kube/reviews.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { UnknownAnswer, UnknownQuestion } from './ports.ts';
import { found } from './testing/found.ts';
import { startTestServer } from './testing/test-server.ts';

const id = 'a'.repeat(64);

async function serverFor(answer: UnknownAnswer, isAllowed: (who: Identity, question: AccessQuestion) => boolean) {
  const asked: UnknownQuestion[] = [];
  const { call } = await startTestServer(new FakeClock(), {
    isAllowed: async (who, question) => isAllowed(who, question),
    unknown: async (question) => {
      asked.push(question);
      return answer;
    },
  });
  const get = async (query: string, user = 'ann') => {
    const { status, text } = await call({ path: `/api/v1/profiles/web/unknown${query}`, token: `user:${user}` });
    const body: unknown = JSON.parse(text);
    return { status, text, body };
  };
  return { get, asked, call };
}

const answered: UnknownAnswer = found({ unknown: [] });
const all = (): boolean => true;

describe('what a profile does not know', () => {
  it('is asked of times, containers, pods and namespaces', async () => {
    const { get, asked } = await serverFor(answered, all);
    expect(await get('')).toMatchObject({ status: 200, body: { unknown: [] } });
    await get('?since=2026-01-31T12:00:00Z');
    await get(`?container=containerd%3A%2F%2F${id}&namespace=shop`);
    await get(`?container=${id}`);
    await get('?pod=shop/web-0&since=2026-01-31');
    expect(asked).toEqual([
      { name: 'web' },
      { name: 'web', since: Date.UTC(2026, 0, 31, 12) },
      { name: 'web', containerId: id, namespace: 'shop' },
      { name: 'web', containerId: id },
      { name: 'web', pod: { namespace: 'shop', name: 'web-0' }, namespace: 'shop', since: Date.UTC(2026, 0, 31) },
    ]);
  });

  it.each([
    ['since=yesterday', 'since is a time in UTC'],
    ['container=abc', 'container is the id of a container'],
    [`container=${id}&container=${id}`, 'container is'],
    ['pod=web-0', 'pod is a namespace and a name'],
    ['pod=shop/../x', 'pod is'],
    ['namespace=Shop', 'namespace is'],
    [`container=${id}&pod=shop/web-0`, 'not both'],
    ['pod=shop/web-0&namespace=bank', 'in another namespace'],
  ])('is not asked by %s', async (query, detail) => {
    const { get, asked } = await serverFor(answered, all);
    const { status, text } = await get(`?${query}`);
    expect([status, asked]).toEqual([400, []]);
    expect(text).toContain(detail);
  });

  it.each<readonly [UnknownAnswer, number, string]>([
    [{ kind: 'nothing' }, 404, 'no-profile'],
    [{ kind: 'gone', reason: 'retention' }, 410, 'snapshots-gone'],
    [{ kind: 'nothing-to-compare', code: 'still-learning', reason: 'name a time' }, 409, 'still-learning'],
  ])('may be nothing: %j', async (answer, status, code) => {
    const { get } = await serverFor(answer, all);
    expect(await get('')).toMatchObject({ status, body: { code } });
  });

  it('is told of the pods of a namespace to whoever may read profiles there, and of others to nobody else', async () => {
    const reviewed: AccessQuestion[] = [];
    const { get, asked } = await serverFor(answered, ({ username }, question) => {
      reviewed.push(question);
      return username === 'tess' && question.type === 'resource' && question.namespace === 'shop';
    });
    const tess = async (query: string): Promise<number> => (await get(query, 'tess')).status;
    expect(await tess('?namespace=shop')).toBe(200);
    expect(await tess('?pod=shop/web-0')).toBe(200);
    expect(asked.map(({ namespace, confined }) => [namespace, confined])).toEqual([
      ['shop', true],
      ['shop', true],
    ]);
    expect(await tess('')).toBe(403);
    expect(await tess(`?container=${id}`)).toBe(403);
    expect(await tess('?pod=bank/web-0')).toBe(403);
    expect((await get('?namespace=shop', 'eve')).body).toMatchObject({
      detail:
        'eve may not get securityprofiles.workloadsecurity.dev/model in the namespace shop: bind a role that grants it',
    });
    expect(asked).toHaveLength(2);
    const question = { type: 'resource', group: 'workloadsecurity.dev', resource: 'securityprofiles', verb: 'get' };
    expect(reviewed.slice(0, 2)).toEqual([
      { ...question, subresource: 'model' },
      { ...question, subresource: 'model', namespace: 'shop' },
    ]);
  });

  it('waits together with the profiles that are read, and few wait', async () => {
    const release = Promise.withResolvers<UnknownAnswer>();
    const { call } = await startTestServer(new FakeClock(), {
      isAllowed: async () => true,
      unknown: () => release.promise,
    });
    const get = (path: string) => call({ path: `/api/v1/profiles/web${path}`, token: 'user:ann' });
    const calls = Array.from({ length: 10 }, (_, index) =>
      get(index === 0 ? '/unknown' : index % 2 === 0 ? '' : '/unknown'),
    );
    await expect(Promise.race(calls)).resolves.toMatchObject({ status: 503 });
    release.resolve(answered);
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(1);
  });

  it('is asked by the people of a namespace once at a time, so that others get their turn', async () => {
    const release = Promise.withResolvers<UnknownAnswer>();
    let asked = 0;
    const { call } = await startTestServer(new FakeClock(), {
      isAllowed: async ({ username }, question) =>
        username === 'ann' || (question.type === 'resource' && question.namespace !== undefined),
      unknown: async () => ((asked += 1) === 1 ? release.promise : answered),
    });
    const get = (user: string, namespace: string) =>
      call({ path: `/api/v1/profiles/web/unknown?namespace=${namespace}`, token: `user:${user}` });
    const first = get('tess', 'shop');
    await expect.poll(() => asked).toBe(1);
    const refused = await Promise.all(Array.from({ length: 12 }, () => get('tess', 'shop')));
    expect(refused.map(({ status }) => status)).toEqual(Array.from(refused, () => 429));
    const others = [get('ann', 'shop'), get('bert', 'bank')];
    release.resolve(answered);
    const all = await Promise.all([first, ...others]);
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await get('tess', 'shop')).status).toBe(200);
  });

  it('leaves places to who may ask about all, however many namespaces somebody may ask about', async () => {
    const release = Promise.withResolvers<UnknownAnswer>();
    const { call } = await startTestServer(new FakeClock(), {
      isAllowed: async ({ username }, question) =>
        username === 'ann' || (question.type === 'resource' && question.namespace !== undefined),
      unknown: () => release.promise,
    });
    const get = (user: string, namespace: string) =>
      call({ path: `/api/v1/profiles/web/unknown?namespace=${namespace}`, token: `user:${user}` });
    const refused: number[] = [];
    const calls = Array.from({ length: 9 }, async (_, index) => {
      const { status } = await get('tess', `shop-${index}`);
      if (status !== 200) refused.push(status);
    });
    await expect.poll(() => refused).toHaveLength(5);
    expect(new Set(refused)).toEqual(new Set([429]));
    const ofAll = get('ann', 'shop');
    release.resolve(answered);
    await Promise.all(calls);
    expect([(await ofAll).status, refused.length]).toEqual([200, 5]);
  });

  it('is told to nobody without a token', async () => {
    const { call, asked } = await serverFor(answered, all);
    expect((await call({ path: '/api/v1/profiles/web/unknown' })).status).toBe(401);
    expect(asked).toEqual([]);
  });
});
