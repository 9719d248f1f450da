import { get } from 'node:http';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AccessQuestion, Identity } from '../kube/reviews.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { createHealthServer } from './health.ts';
import type { ProfileModel } from './ports.ts';
import { fetchText } from './testing/https.ts';
import { found } from './testing/found.ts';
import { startTestServer } from './testing/test-server.ts';
import { issueServing, makeAuthority } from './tls/authority.ts';

describe('TLS', () => {
  it('speaks 1.3, still 1.2, and nothing older', async () => {
    const { server, authority } = await startTestServer(new FakeClock());
    const handshake = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> => {
      const limits = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
      const socket: TLSSocket = connect({ port: server.port, host: '127.0.0.1', ca: authority.cert, ...limits });
      try {
        await once(socket, 'secureConnect');
        return socket.getProtocol();
      } finally {
        socket.destroy();
      }
    };
    expect([await handshake('TLSv1.3'), await handshake('TLSv1.2')]).toEqual(['TLSv1.3', 'TLSv1.2']);
    await expect(handshake('TLSv1.1')).rejects.toThrow(/alert|version|ECONNRESET/);
  });

  it('takes a new certificate without a restart', async () => {
    const { server, call } = await startTestServer(new FakeClock());
    const other = await makeAuthority(Date.now(), 60_000);
    server.useCertificate(await issueServing(other, ['127.0.0.1'], Date.now(), 60_000));
    await expect(call({ path: '/' })).rejects.toThrow(/certificate/);
    expect((await fetchText({ port: server.port, ca: other.cert, path: '/' })).status).toBe(404);
  });
});

describe('read endpoints', () => {
  const allow = (asked: AccessQuestion[], what: (question: AccessQuestion) => boolean) => ({
    isAllowed: async (_who: unknown, question: AccessQuestion) => {
      asked.push(question);
      return what(question);
    },
  });

  it('show scheduling to whoever may get it, and ask the API server once in 30 s', async () => {
    const asked: AccessQuestion[] = [];
    const clock = new FakeClock();
    const { call } = await startTestServer(
      clock,
      allow(asked, ({ type }) => type === 'resource'),
    );
    for (let n = 0; n < 3; n += 1) {
      const answer = await call({ path: '/api/v1/scheduling?node=n1', token: 'user:ann' });
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        200,
        { nodes: [{ node: 'n1', grants: [], containers: [] }] },
      ]);
    }
    expect(asked).toEqual([{ type: 'resource', group: 'workloadsecurity.dev', resource: 'scheduling', verb: 'get' }]);
    await clock.advance(30_001);
    await call({ path: '/api/v1/scheduling', token: 'user:ann' });
    expect(asked).toHaveLength(2);
    expect((await call({ path: '/metrics', token: 'user:ann' })).status).toBe(403);
  });

  it('show the status and containers to whoever may get scheduling, and say which questions there are', async () => {
    const asked: AccessQuestion[] = [];
    const queries: unknown[] = [];
    const { call } = await startTestServer(new FakeClock(), {
      ...allow(asked, ({ type }) => type === 'resource'),
      status: {
        containers: (query) => {
          queries.push(query);
          return { items: [] };
        },
      },
    });
    const get = async (path: string) => (await call({ path: `/api/v1/${path}`, token: 'user:ann' })).status;
    expect(await get('containers?pod=web&namespace=shop')).toBe(200);
    expect(queries).toEqual([{ pod: 'web', namespace: 'shop' }]);
    for (const query of ['pod=a&pod=b', 'pods=a', `pod=${'x'.repeat(641)}`, '__proto__=x']) {
      expect([query, await get(`containers?${query}`)]).toEqual([query, 400]);
    }
    expect(await get('status')).toBe(500);
    expect(asked).toEqual([{ type: 'resource', group: 'workloadsecurity.dev', resource: 'scheduling', verb: 'get' }]);
    const { call: refused } = await startTestServer(new FakeClock());
    for (const path of ['status', 'containers']) {
      expect((await refused({ path: `/api/v1/${path}`, token: 'user:eve' })).status).toBe(403);
      expect((await refused({ path: `/api/v1/${path}` })).status).toBe(401);
    }
  });

  it('show a profile, also as it was, to whoever may get its model', async () => {
    const asked: AccessQuestion[] = [];
    const times: (number | undefined)[] = [];
    const { call } = await startTestServer(new FakeClock(), {
      ...allow(asked, ({ type }) => type === 'resource'),
      profiles: async (name, at) => {
        times.push(at);
        if (name === 'gone') return { kind: 'gone', reason: 'of 3 snapshots until then, 1 are kept no more' };
        return name === 'web' ? found({ metadata: { name } }) : { kind: 'nothing' };
      },
    });
    const get = async (path: string): Promise<unknown> => {
      const { status, text } = await call({ path: `/api/v1/profiles/${path}`, token: 'user:ann' });
      const answer: unknown = JSON.parse(text);
      return [status, answer];
    };
    expect(await get('web')).toEqual([200, { metadata: { name: 'web' } }]);
    expect(await get('web?at=2026-01-31')).toMatchObject([200, {}]);
    expect(await get('web?at=2026-01-31T12:00:00Z')).toMatchObject([200, {}]);
    expect(times).toEqual([undefined, Date.UTC(2026, 0, 31), Date.UTC(2026, 0, 31, 12)]);
    expect(await get('other')).toMatchObject([404, { code: 'no-profile' }]);
    expect(await get('gone')).toMatchObject([410, { code: 'snapshots-gone' }]);
    for (const at of ['yesterday', '2026-13-01', '', '1&at=2'])
      expect(await get(`web?at=${at}`)).toMatchObject([400, { code: 'bad-time' }]);
    const subresource = { resource: 'securityprofiles', subresource: 'model' };
    expect(asked).toEqual([{ type: 'resource', group: 'workloadsecurity.dev', verb: 'get', ...subresource }]);
  });

  it('show no profile to others, and make few at once', async () => {
    const release = Promise.withResolvers<ProfileModel>();
    const profiles = () => release.promise;
    const isAllowed = async ({ username }: Identity) => username === 'ann';
    const { call } = await startTestServer(new FakeClock(), { isAllowed, profiles });
    const get = async (user: string) => call({ path: '/api/v1/profiles/web', token: `user:${user}` });
    const refused = await get('eve');
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('eve may not get securityprofiles.workloadsecurity.dev/model');
    const calls = Array.from({ length: 10 }, () => get('ann'));
    // One runs and eight wait: the last is told so before any of them is done.
    await expect(Promise.race(calls)).resolves.toMatchObject({ status: 503 });
    release.resolve({ kind: 'nothing' });
    const statuses = (await Promise.all(calls)).map(({ status }) => status).sort((left, right) => left - right);
    expect(statuses).toEqual([...Array.from({ length: 9 }, () => 404), 503]);
  });

  it('show metrics to whoever may get /metrics', async () => {
    const { call } = await startTestServer(
      new FakeClock(),
      allow([], ({ type }) => type === 'path'),
    );
    const answer = await call({ path: '/metrics', token: 'user:prometheus' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('# TYPE agent_requests_refused_total counter');
    expect(JSON.parse((await call({ path: '/api/v1/scheduling', token: 'user:prometheus' })).text)).toMatchObject({
      code: 'forbidden',
      detail: 'prometheus may not get scheduling.workloadsecurity.dev: bind a role that grants it',
    });
  });

  it('answer each user so many times, and ask the API server no oftener, also of who may nothing', async () => {
    const asked: AccessQuestion[] = [];
    const clock = new FakeClock();
    const { call } = await startTestServer(
      clock,
      allow(asked, () => false),
    );
    const path = (n: number) => `/api/v1/profiles/web/unknown?namespace=made-up-${n}`;
    const statuses: number[] = [];
    for (let n = 0; n < 302; n += 1) statuses.push((await call({ path: path(n), token: 'user:eve' })).status);
    expect(statuses.slice(298)).toEqual([403, 403, 429, 429]);
    expect(asked).toHaveLength(301);
    expect((await call({ path: path(0), token: 'user:ann' })).status).toBe(403);
    await clock.advance(1_000);
    expect((await call({ path: path(0), token: 'user:eve' })).status).toBe(403);
  });

  it('show nothing without a token or while nobody can say', async () => {
    const { call, metrics } = await startTestServer(new FakeClock(), {
      isAllowed: () => Promise.reject(new Error('down')),
    });
    expect((await call({ path: '/metrics' })).status).toBe(401);
    expect((await call({ path: '/metrics', token: 'user:ann' })).status).toBe(503);
    expect((await call({ path: '/api/v1/scheduling', token: 'nonsense' })).status).toBe(401);
    const { values } = await metrics.apiRequestsRefused.get();
    expect(values.map(({ labels }) => labels.reason)).toEqual(['no-token', 'review-unavailable', 'bad-token']);
  });

  it('hide what the server is made of', async () => {
    const { call } = await startTestServer(new FakeClock());
    const { status, headers } = await call({ path: '/..%2f..%2fetc/passwd' });
    expect(status).toBe(404);
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['strict-transport-security']).toMatch(/max-age/);
  });
});

describe('the health server', () => {
  it('tells which checks fail', async () => {
    const ready = { store: false, informers: true };
    const names = ['store', 'informers'] as const;
    const server = createHealthServer(names.map((name) => ({ name, ready: () => ready[name] })));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a port was expected');
    const probe = async (path: string): Promise<string> => {
      const answered = Promise.withResolvers<string>();
      get({ port: address.port, host: '127.0.0.1', path, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', (text: string) => answered.resolve(`${response.statusCode} ${text}`));
      });
      return answered.promise;
    };
    expect([await probe('/healthz'), await probe('/readyz')]).toEqual(['200 ok\n', '503 not ready: store\n']);
    ready.store = true;
    expect(await probe('/readyz')).toBe('200 ok\n');
  });
});
