import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { GateFullError } from './gate.ts';
import { type ProfileBlob, ReadingStoppedError } from './ports.ts';
import { agentIdentity, reviewByName, startTestServer } from './testing/test-server.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const asked = { path: `/agent/v1/profiles/${digest}`, token: 'node:n1' };
const blobOf = (bytes: Uint8Array) => async (): Promise<ProfileBlob> => ({ kind: 'found', bytes });

describe('compiled profiles', () => {
  it('are given to agents as they are, for as long as anybody keeps them', async () => {
    const questions: unknown[] = [];
    // A view into more bytes than its own.
    const bytes = Buffer.from('before:profile:after').subarray(7, 14);
    const { call, metrics } = await startTestServer(new FakeClock(), {
      blobs: async (...question) => {
        questions.push(question);
        return { kind: 'found', bytes };
      },
    });
    const answer = await call({ ...asked, headers: { connection: 'keep-alive' } });
    expect([answer.status, answer.text]).toEqual([200, 'profile']);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '7',
      'cache-control': 'private, max-age=31536000, immutable',
      etag: `"${digest}"`,
      connection: 'close',
    });
    expect(questions).toEqual([['n1', digest]]);
    expect((await call({ ...asked, headers: { 'if-none-match': `"${digest}"` } })).status).toBe(304);
    expect((await metrics.blobsSent.get()).values).toMatchObject([{ value: 2 }]);
  });

  it.each<[string, () => Promise<ProfileBlob>, number, string]>([
    [digest, async () => ({ kind: 'elsewhere' }), 403, 'other-node'],
    [digest, async () => ({ kind: 'gone' }), 404, 'profile-changed'],
    [digest, () => Promise.reject(new GateFullError()), 503, 'busy'],
    [digest, () => Promise.reject(new ReadingStoppedError('no memory to compile it; ask again later')), 503, 'memory'],
    ['sha256:ab', blobOf(new Uint8Array(1)), 400, 'bad-digest'],
    [`${digest}/x`, blobOf(new Uint8Array(1)), 404, 'no-such-endpoint'],
    ['..%2f..%2fetc%2fpasswd', blobOf(new Uint8Array(1)), 400, 'bad-digest'],
  ])('%s (%#) is refused with what to do instead, and counted', async (name, blobs, status, code) => {
    const { call, refusals } = await startTestServer(new FakeClock(), { blobs });
    const answer = await call({ path: `/agent/v1/profiles/${name}`, token: 'node:n1' });
    const detail: unknown = expect.stringMatching(/.{20}/);
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([status, { code, detail }]);
    expect(await refusals()).toEqual([`${code} 1`]);
  });

  it.each([
    ['user:mallory', 'other-account'],
    ['unbound', 'no-node'],
  ])('are nothing for %s', async (token, code) => {
    const { call } = await startTestServer(new FakeClock(), { blobs: blobOf(new Uint8Array(1)) });
    const answer = await call({ ...asked, token });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([403, { code }]);
  });

  it('come to so many bytes per node', async () => {
    const clock = new FakeClock();
    const { call } = await startTestServer(clock, { blobs: blobOf(new Uint8Array(9 * 1024 * 1024)) });
    const status = async (token: string): Promise<number> => (await call({ ...asked, token })).status;
    // 18 MiB with the second, of 16.
    expect([await status('node:n1'), await status('node:n1'), await status('node:n1')]).toEqual([200, 200, 429]);
    expect(await status('node:n2')).toBe(200);
    await clock.advance(33_000);
    expect(await status('node:n1')).toBe(200);
  });

  it('are given to four at a time while memory is scarce', async () => {
    const memory = { isScarce: true };
    const [four, made] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asking = 0;
    const { call } = await startTestServer(new FakeClock(), {
      memory,
      blobs: async () => {
        asking += 1;
        if (asking === 4) four.resolve();
        await made.promise;
        return { kind: 'found', bytes: new Uint8Array(1) };
      },
    });
    const first = [1, 2, 3, 4].map((node) => call({ ...asked, token: `node:n${node}` }));
    await four.promise;
    const refused = await call({ ...asked, token: 'node:n5' });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '30']);
    memory.isScarce = false;
    const fifth = call({ ...asked, token: 'node:n5' });
    made.resolve();
    expect((await Promise.all([...first, fifth])).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  it('are given to few at a time who do not read them', async () => {
    const clock = new FakeClock();
    const { server, authority, call, refusals } = await startTestServer(clock, {
      blobs: blobOf(new Uint8Array(7 * 1024 * 1024)),
    });
    const sockets = await Promise.all(
      [1, 2].map(async () => {
        const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.cert });
        onTestFinished(() => void socket.destroy());
        await once(socket, 'secureConnect');
        socket.write(`GET ${asked.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer node:n1\r\n\r\n`);
        await once(socket, 'readable');
        return socket;
      }),
    );
    expect((await call(asked)).status).toBe(429);
    expect(await refusals()).toEqual(['quota-profiles 1']);
    const closed = sockets.map((socket) =>
      once(
        socket.on('error', () => undefined),
        'close',
      ),
    );
    await clock.advance(60_000);
    for (const socket of sockets) socket.resume();
    await Promise.all(closed);
    expect((await call(asked)).status).toBe(200);
  });

  it('are nothing to who has gone before it was known who asks, and keep no place for them', async () => {
    const clock = new FakeClock();
    const identified = Promise.withResolvers<void>();
    const asking: string[] = [];
    const { call, open, refusals } = await startTestServer(clock, {
      blobs: blobOf(new Uint8Array(1)),
      review: async (token) => {
        if (!token.startsWith('slowly')) return reviewByName(token);
        asking.push(token);
        await identified.promise;
        return agentIdentity('n1');
      },
    });
    const leaving = new AbortController();
    const tokens = ['slowly:1', 'slowly:2'];
    const left = tokens.map((token) => open({ ...asked, token, signal: leaving.signal }));
    await expect.poll(() => asking).toHaveLength(2);
    leaving.abort();
    for (const one of left) await expect(one).rejects.toThrow('aborted');
    // Their end has been read when handshakes that began later are over.
    for (let n = 0; n < 3; n += 1) await call({ path: '/nothing' });
    identified.resolve();
    await expect.poll(refusals).toEqual(['gone 2']);
    await clock.advance(61_000);
    expect((await call(asked)).status).toBe(200);
  });
});
