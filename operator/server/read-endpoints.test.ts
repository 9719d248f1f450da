import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import type { Found } from './ports.ts';
import { found } from './testing/found.ts';
import { startTestServer, type TestPorts } from './testing/test-server.ts';

const status: TestPorts['status'] = {
  status: () =>
    Promise.resolve({
      version: '0',
      at: 0,
      agents: { items: [], omitted: 0, ready: 0, notReady: 0 },
      containers: { total: 0, reasons: {}, longestWaitSeconds: 0 },
      profiles: { learning: 0, stable: 0 },
      store: { state: 'ready', message: '' },
      concerns: { items: [], omitted: 0 },
    }),
};

const id = 'a'.repeat(64);
const tooLong = 'x'.repeat(700);

/** What can be read, whether it is refused while memory is scarce, and questions that are refused. */
const endpoints = [
  // Small, and where people look for why nothing else answers.
  { path: '/api/v1/status', whileScarce: 200, bad: [] },
  { path: '/metrics', whileScarce: 200, bad: [] },
  {
    path: '/api/v1/containers',
    whileScarce: 503,
    bad: [
      'pods=a',
      'pod=a&pod=b',
      `pod=${tooLong}`,
      'after=',
      'after=n',
      `after=n%20s%20p%20c%20${id}x`,
      `after=${tooLong}`,
    ],
  },
  {
    path: '/api/v1/scheduling',
    whileScarce: 503,
    bad: ['nodes=a', 'node=a&node=b', `node=${tooLong}`, 'after=a%20b', 'after='],
  },
  { path: '/api/v1/profiles/web', whileScarce: 503, bad: ['at=now'] },
  {
    path: '/api/v1/profiles/web/unknown',
    whileScarce: 503,
    bad: ['since=now', 'pod=a', 'container=a', 'namespace=a/b'],
  },
] as const;

const reads = (fields: TestPorts = {}): TestPorts => ({
  isAllowed: async ({ username }) => username === 'ann',
  status,
  profiles: async () => found({}),
  unknown: async () => found({}),
  ...fields,
});

describe.each(endpoints)('$path', ({ path, whileScarce, bad }) => {
  it('is told to who may, and to nobody else', async () => {
    const { call } = await startTestServer(new FakeClock(), reads());
    expect((await call({ path })).status).toBe(401);
    expect((await call({ path, token: 'nonsense' })).status).toBe(401);
    expect((await call({ path, token: 'user:eve' })).status).toBe(403);
    expect((await call({ path, token: 'node:n1' })).status).toBe(403);
    expect((await call({ path, token: 'user:ann' })).status).toBe(200);
  });

  it(`is answered with ${whileScarce} while memory is scarce, and as ever to who may not`, async () => {
    const { call } = await startTestServer(new FakeClock(), reads({ memory: { isScarce: true } }));
    expect((await call({ path, token: 'user:eve' })).status).toBe(403);
    const { status: code, headers } = await call({ path, token: 'user:ann' });
    expect([code, headers['retry-after']]).toEqual([whileScarce, whileScarce === 503 ? '30' : undefined]);
  });

  it.each(bad)('is not asked by %s', async (query) => {
    const { call } = await startTestServer(new FakeClock(), reads());
    expect((await call({ path: `${path}?${query}`, token: 'user:ann' })).status).toBe(400);
  });
});

describe('paths that are no UTF-8', () => {
  it.each(['/api/v1/profiles/%ff', '/api/v1/profiles/%ff/unknown', '/agent/v1/profiles/%e0%80'])(
    'are refused, and are no fault of ours: %s',
    async (path) => {
      const { call } = await startTestServer(new FakeClock(), reads());
      const { status: code, text } = await call({ path, token: 'user:ann' });
      expect([code, text]).toEqual([400, expect.stringContaining('"code":"bad-path"') as unknown]);
    },
  );
});

describe('pages', () => {
  it('go on at the longest place that there can be', async () => {
    const queries: unknown[] = [];
    const { call } = await startTestServer(new FakeClock(), {
      ...reads(),
      status: {
        ...status,
        containers: (query) => {
          queries.push(query);
          return { items: [] };
        },
      },
    });
    const after = ['n'.repeat(253), 's'.repeat(63), 'p'.repeat(253), 'c'.repeat(63), id].join(' ');
    const path = `/api/v1/containers?${new URLSearchParams({ after }).toString()}`;
    expect((await call({ path, token: 'user:ann' })).status).toBe(200);
    expect(queries).toEqual([{ after }]);
  });
});

describe('work that became too much while it waited', () => {
  it('is refused when its turn comes', async () => {
    const memory = { isScarce: false };
    const first = Promise.withResolvers<Found>();
    let asked = 0;
    const { call } = await startTestServer(new FakeClock(), {
      ...reads({ memory }),
      unknown: () => {
        asked += 1;
        return first.promise;
      },
    });
    const get = () => call({ path: '/api/v1/profiles/web/unknown', token: 'user:ann' });
    const answers = [get(), get(), call({ path: '/api/v1/profiles/web', token: 'user:ann' })];
    await expect.poll(() => asked).toBe(1);
    // The other two wait by now: a third kind of request has been answered after them.
    expect((await call({ path: '/api/v1/status', token: 'user:ann' })).status).toBe(200);
    memory.isScarce = true;
    first.resolve(found({}));
    expect((await Promise.all(answers)).map(({ status: code }) => code)).toEqual([200, 503, 503]);
    expect(asked).toBe(1);
  });
});

describe('questions of who has gone', () => {
  it('are not worked on when their turn comes', async () => {
    const first = Promise.withResolvers<Found>();
    const asked: string[] = [];
    const allowed: string[] = [];
    const { call, open, metrics } = await startTestServer(new FakeClock(), {
      ...reads(),
      isAllowed: async ({ username }) => allowed.push(username) > 0,
      unknown: ({ name }) => {
        asked.push(name);
        return first.promise;
      },
    });
    const running = call({ path: '/api/v1/profiles/first/unknown', token: 'user:ann' });
    await expect.poll(() => asked).toEqual(['first']);
    const leaving = new AbortController();
    const left = open({ path: '/api/v1/profiles/second/unknown', token: 'user:bob', signal: leaving.signal });
    const third = call({ path: '/api/v1/profiles/third/unknown', token: 'user:ann' });
    await expect.poll(() => allowed).toContain('bob');
    leaving.abort();
    await expect(left).rejects.toThrow('aborted');
    // Its end has been read when handshakes that began later are over.
    for (let n = 0; n < 3; n += 1) await call({ path: '/api/v1/status', token: 'user:ann' });
    first.resolve(found({}));
    expect((await running).status).toBe(200);
    expect((await third).status).toBe(200);
    expect(asked).toEqual(['first', 'third']);
    const { values } = await metrics.apiRequestsRefused.get();
    expect(values.map(({ labels }) => labels.reason)).toEqual(['gone']);
  });
});

describe('answers that nobody takes', () => {
  const megabytes = (count: number) => ({ filler: 'x'.repeat(count * 1024 * 1024) });

  it('fill so much and no more, and are cut off after a minute', async () => {
    const clock = new FakeClock();
    const { call, open, metrics } = await startTestServer(clock, reads({ profiles: async () => found(megabytes(20)) }));
    const path = '/api/v1/profiles/web';
    const stalled = await Promise.all([1, 2].map(() => open({ path, token: 'user:ann' })));
    for (const response of stalled) response.pause();
    const refused = await call({ path, token: 'user:ann' });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect((await call({ path: '/api/v1/status', token: 'user:ann' })).status).toBe(200);
    const closed = stalled.map((response) => once(response.socket, 'close'));
    await clock.advance(60_001);
    for (const response of stalled) response.resume().on('error', () => {});
    await Promise.all(closed);
    expect(stalled.map(({ complete }) => complete)).toEqual([false, false]);
    const { values } = await metrics.apiRequestsRefused.get();
    expect(values.map(({ labels, value }) => [labels.reason, value])).toEqual([
      ['answers', 1],
      ['stalled', 2],
    ]);
    expect((await call({ path, token: 'user:ann' })).status).toBe(200);
  });

  it('do not stand before the metrics by which people hear of it', async () => {
    const { call, open } = await startTestServer(
      new FakeClock(),
      reads({ profiles: async () => found(megabytes(48)) }),
    );
    const stalled = await open({ path: '/api/v1/profiles/web', token: 'user:ann' });
    stalled.pause();
    const status = async (path: string) => (await call({ path, token: 'user:ann' })).status;
    expect([await status('/api/v1/profiles/web'), await status('/metrics')]).toEqual([503, 200]);
    stalled.destroy();
  });
});
