import { once } from 'node:events';
import { connect } from 'node:tls';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { smallSnapshot } from './testing/snapshot.ts';
import { startTestServer } from './testing/test-server.ts';

const body = zstdCompressSync(JSON.stringify(smallSnapshot()));
const upload = (node: string, bytes: Buffer = body) => ({
  path: '/agent/v1/snapshots',
  token: `node:${node}`,
  body: bytes,
});

/** A node may ask 120 times: so seldom that it may for as long as is waited. */
const patiently = { interval: 500 };

describe('uploads while memory is scarce', () => {
  it('go on after one that cannot be read', async () => {
    const { call } = await startTestServer(new FakeClock(), { memory: { isScarce: true } });
    expect((await call(upload('n1', Buffer.from('no snapshot')))).status).toBe(400);
    expect((await call(upload('n1'))).status).toBe(200);
  });

  it('are read sixteen at a time, however slowly they come', async () => {
    const { call, server, authority, refusals } = await startTestServer(new FakeClock(), {
      memory: { isScarce: true },
    });
    const slow = Array.from({ length: 16 }, (_, n) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.cert });
      socket.write(
        `POST /agent/v1/snapshots HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer node:slow-${n}\r\nContent-Length: 9\r\n\r\n`,
      );
      return socket;
    });
    await expect.poll(async () => (await call(upload('n1'))).status, patiently).toBe(503);
    expect(await refusals()).toContainEqual(expect.stringMatching(/^memory /));
    for (const socket of slow) socket.destroy();
    await Promise.all(slow.map((socket) => once(socket, 'close')));
    await expect.poll(async () => (await call(upload('n2'))).status, patiently).toBe(200);
  });
});
