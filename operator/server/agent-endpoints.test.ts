import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { connect } from 'node:tls';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { snapshotLimits } from '../../core/activity/snapshot.ts';
import { uploadAnswer, type AgentReport } from '../../core/wire/agent.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { IngestAnswer, SnapshotUpload } from './ports.ts';
import { smallSnapshot } from './testing/snapshot.ts';
import { startTestServer } from './testing/test-server.ts';

const zstd = (value: unknown): Buffer => zstdCompressSync(JSON.stringify(value));
const upload = { path: '/agent/v1/snapshots', token: 'node:n1' };
const report: AgentReport = {
  protocol: 1,
  agentVersion: '1',
  instance: 'i',
  capture: { state: 'ready', variant: 'classic', reason: '' },
  runningVersion: 7,
  containers: [],
  lostPeriods: [],
  profiles: { held: [], failed: [] },
  counters: { events_total: 3 },
  gauges: {},
};
const lost = (from: number) => ({ containerId: 'a'.repeat(64), slotId: 's', from, to: 1_700_000_000_000 });

describe('who may be an agent', () => {
  it.each([
    [undefined, 401, 'no-token'],
    ['nonsense', 401, 'bad-token'],
    ['user:mallory', 403, 'other-account'],
    ['unbound', 403, 'no-node'],
    ['down', 503, 'review-unavailable'],
  ])('token %s is answered %i %s, and counted', async (token, status, code) => {
    const { call, refusals } = await startTestServer(new FakeClock());
    for (const path of ['/agent/v1/desired', '/agent/v1/report', '/agent/v1/snapshots']) {
      const body = path.endsWith('desired') ? {} : { body: 'x' };
      const answer = await call({ path, ...body, ...(token === undefined ? {} : { token }) });
      expect([answer.status, answer.headers['content-type']]).toEqual([
        status,
        'application/problem+json; charset=utf-8',
      ]);
      expect(JSON.parse(answer.text)).toMatchObject({ type: 'about:blank', status, code });
      expect(answer.text).not.toContain(token ?? 'Bearer ');
    }
    expect(await refusals()).toEqual([`${code} 3`]);
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer two words', `Bearer ${'x'.repeat(9_000)}`])(
    'a header %.20s is refused without asking the API server',
    async (authorization) => {
      const { call, metrics } = await startTestServer(new FakeClock());
      const answer = await call({ path: '/agent/v1/desired', headers: { authorization } });
      expect(answer.status).toBe(401);
      expect((await metrics.tokenReviews.get()).values).toEqual([]);
    },
  );
});

describe('snapshots', () => {
  const received: SnapshotUpload[] = [];
  const ingest =
    (answer: IngestAnswer) =>
    async (given: SnapshotUpload): Promise<IngestAnswer> => {
      received.push(given);
      return answer;
    };

  it('reach the ingestion with the identity of the token, and its answer the agent', async () => {
    received.length = 0;
    const { call } = await startTestServer(new FakeClock(), { ingest: ingest({ result: 'accepted' }) });
    const body = zstd(smallSnapshot());
    const answer = await call({ ...upload, body });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { result: 'accepted' }]);
    expect(received).toEqual([
      { agent: { node: 'n1', podName: 'agent-n1', podUid: 'uid-n1' }, snapshot: smallSnapshot(), bytes: body },
    ]);
  });

  it.each<[IngestAnswer, number]>([
    [{ result: 'duplicate' }, 200],
    [{ result: 'refused', reason: 'not on this node', status: 403 }, 403],
    [{ result: 'refused', reason: 'too old' }, 422],
    [{ result: 'retry', reason: 'store is full' }, 503],
  ])('the answer %j has its status and can be read by the agent', async (given, status) => {
    const { call } = await startTestServer(new FakeClock(), { ingest: ingest(given) });
    const answer = await call({ ...upload, body: zstd(smallSnapshot()) });
    expect(answer.status).toBe(status);
    expect(uploadAnswer.parse(JSON.parse(answer.text))).toMatchObject({ result: given.result });
  });

  /** A frame whose header wants a window of 2^27 bytes. */
  const wideWindow = Buffer.from('28b52ffd0088010000', 'hex');

  it.each<[string, Buffer, number]>([
    ['too-large-compressed', Buffer.alloc(snapshotLimits.compressedBytes + 1), 413],
    ['too-large-compressed', Buffer.alloc(snapshotLimits.compressedBytes * 5), 413],
    ['too-large-decompressed', zstdCompressSync(Buffer.alloc(snapshotLimits.jsonBytes + 1)), 413],
    ['too-many-values', zstdCompressSync(`[${'{},'.repeat(500_000)}0]`), 413],
    ['malformed-zstd', Buffer.from('{}'), 400],
    ['malformed-zstd', zstd(smallSnapshot()).subarray(0, -3), 400],
    ['malformed-zstd', wideWindow, 400],
    ['malformed-zstd', Buffer.alloc(0), 400],
    ['malformed-json', zstdCompressSync('{"a":'), 400],
    ['malformed-snapshot', zstd({ ...smallSnapshot(), to: 0 }), 400],
    ['malformed-snapshot', zstd([]), 400],
    ['malformed-snapshot', zstd({ ...smallSnapshot(), to: 1e17 }), 400],
  ])('%s (%#) never reaches the ingestion, and the agent is told to forget it', async (code, body, status) => {
    received.length = 0;
    const { call, refusals } = await startTestServer(new FakeClock(), { ingest: ingest({ result: 'accepted' }) });
    const answer = await call({ ...upload, body });
    expect(JSON.parse(answer.text)).toMatchObject({ status, code, result: 'refused' });
    expect(answer.status).toBe(status);
    expect(await refusals()).toEqual([`${code} 1`]);
    expect(received).toEqual([]);
  });

  it.each(['\u001b[2J', 'a\nb', '\ud800', 'exe.\u202egpj', '\u200b'])(
    'with text that no agent leaves as it is, such as %j, are refused',
    async (text) => {
      const whole = smallSnapshot();
      const { actors, phases, first, last } = { ...whole.processes[0] };
      const seen = { actors, phases, first, last, process: 0 };
      const network = { ...seen, direction: 'connect', protocol: 'tcp', port: 1 };
      const changes = [
        { processes: whole.processes.map((process) => ({ ...process, executable: text })) },
        { processes: whole.processes.map((process) => ({ ...process, script: text })) },
        { processes: whole.processes.map((process) => ({ ...process, applet: text })) },
        { files: [{ ...seen, path: text, access: ['read'] }] },
        { dns: [{ ...seen, name: text, types: ['A'] }] },
        { dns: [{ ...seen, name: 'a', types: [text] }] },
        { network: [{ ...network, address: text }] },
        { network: [{ ...network, direction: 'accept', address: '::', peer: text }] },
      ];
      const { call } = await startTestServer(new FakeClock());
      for (const change of changes) {
        const answer = await call({ ...upload, body: zstd({ ...whole, ...change }) });
        expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('must be escaped')]);
      }
    },
  );

  it('are refused by size also when their size was not announced', async () => {
    const { call } = await startTestServer(new FakeClock());
    const answer = await call({ ...upload, body: Buffer.alloc(snapshotLimits.compressedBytes + 1), chunked: true });
    expect(answer.status).toBe(413);
  });

  it('say what is wrong, briefly', async () => {
    const { call } = await startTestServer(new FakeClock());
    const files = Array.from({ length: 1_000 }, () => ({ path: '' }));
    const { text } = await call({ ...upload, body: zstd({ ...smallSnapshot(), files }) });
    expect(text).toMatch(/files\.0\.\w+: /);
    expect(text).toMatch(/and \d+ more/);
    expect(text.length).toBeLessThan(2_000);
  });

  it('that break off are counted, not waited for', async () => {
    const { server, authority, refusals } = await startTestServer(new FakeClock());
    const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.cert });
    await once(socket, 'secureConnect');
    socket.write(
      'POST /agent/v1/snapshots HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer node:n1\r\nContent-Length: 9\r\n\r\nabc',
    );
    socket.end();
    while ((await refusals()).length === 0) await setImmediate();
    expect(await refusals()).toEqual(['incomplete-body 1']);
  });

  it('of one node are limited in number at a time, those of others are not', async () => {
    const gate = Promise.withResolvers<IngestAnswer>();
    const { call } = await startTestServer(new FakeClock(), { ingest: () => gate.promise });
    const body = zstd(smallSnapshot());
    const first = Array.from({ length: 4 }, () => call({ ...upload, body }));
    const over = await Promise.race([...first, call({ ...upload, body }), call({ ...upload, body })]);
    expect([over.status, over.headers['retry-after']]).toEqual([429, '15']);
    const other = call({ ...upload, token: 'node:n2', body });
    gate.resolve({ result: 'accepted' });
    expect((await other).status).toBe(200);
    await Promise.all(first);
  });

  const many = Array.from({ length: 20 }, (_, index) => ({
    ...upload,
    token: `node:n${index}`,
    body: zstd(smallSnapshot()),
  }));

  it('are unpacked eight at a time, whoever sends them, and all have their turn', async () => {
    const waiting: (() => void)[] = [];
    let most = 0;
    const { call } = await startTestServer(new FakeClock(), {
      ingest: async () => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return { result: 'accepted' };
      },
    });
    let answered = 0;
    const calls = many.map((one) =>
      call(one).finally(() => {
        answered += 1;
      }),
    );
    while (answered < many.length) {
      most = Math.max(most, waiting.length);
      if (waiting.length === 8 || most === 8) waiting.splice(0).forEach((go) => go());
      await setImmediate();
    }
    expect(most).toBe(8);
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(many.map(() => 200));
  });

  it('go on one at a time while memory is scarce, and agents are told when to send the others again', async () => {
    const memory = { isScarce: true };
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<IngestAnswer>();
    const { call, refusals } = await startTestServer(new FakeClock(), {
      memory,
      ingest: () => {
        entered.resolve();
        return gate.promise;
      },
    });
    const body = zstd(smallSnapshot());
    const first = call({ ...upload, body });
    await entered.promise;
    for (const one of many.slice(2, 5)) {
      const answer = await call(one);
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
      expect(uploadAnswer.parse(JSON.parse(answer.text))).toMatchObject({ result: 'retry' });
    }
    expect(await refusals()).toEqual(['memory 3']);
    gate.resolve({ result: 'accepted' });
    expect((await first).status).toBe(200);
    expect((await call({ ...upload, body })).status).toBe(200);
  });

  it('that came while there was memory are sent away too, if they wait until it is scarce', async () => {
    const memory = { isScarce: false };
    const gate = Promise.withResolvers<IngestAnswer>();
    const ingested: SnapshotUpload[] = [];
    const { call, metrics, refusals } = await startTestServer(new FakeClock(), {
      memory,
      ingest: (one) => {
        ingested.push(one);
        return gate.promise;
      },
    });
    // Eight are at work, two are parsed and wait for room, the rest waits to be parsed.
    const calls = many.map(call);
    const all = many.reduce((sum, { body }) => sum + body.length, 0);
    while (ingested.length < 8 || ((await metrics.snapshotBytes.get()).values[0]?.value ?? 0) < all)
      await setImmediate();
    memory.isScarce = true;
    gate.resolve({ result: 'accepted' });
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === 200)).toHaveLength(ingested.length);
    expect(await refusals()).toEqual([`memory ${many.length - ingested.length}`]);
  });

  it('whose senders have gone are not unpacked any more', async () => {
    const gate = Promise.withResolvers<IngestAnswer>();
    const ingested: SnapshotUpload[] = [];
    const { server, authority, call, metrics, refusals } = await startTestServer(new FakeClock(), {
      ingest: (one) => {
        ingested.push(one);
        return gate.promise;
      },
    });
    const calls = many.slice(0, 10).map(call);
    while (ingested.length < 8) await setImmediate();
    const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.cert });
    await once(socket, 'secureConnect');
    const body = zstd(smallSnapshot());
    const before = (await metrics.snapshotBytes.get()).values[0]?.value ?? 0;
    socket.write(
      `POST /agent/v1/snapshots HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer node:gone\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    while (((await metrics.snapshotBytes.get()).values[0]?.value ?? 0) < before + body.length) await setImmediate();
    socket.destroy();
    await once(socket, 'close');
    // The server hears of it before, or together with, what is sent after it.
    for (let round = 0; round < 3; round += 1) await call({ path: '/nothing' });
    gate.resolve({ result: 'accepted' });
    await Promise.all(calls);
    while ((await refusals()).length === 0) await setImmediate();
    expect(await refusals()).toEqual(['gone 1']);
    expect(ingested).toHaveLength(calls.length);
  });

  it('of one node are limited in bytes over time', async () => {
    const clock = new FakeClock();
    const { call } = await startTestServer(clock);
    const body = Buffer.alloc(snapshotLimits.compressedBytes);
    const statuses: number[] = [];
    for (let n = 0; n < 17; n += 1) statuses.push((await call({ ...upload, body })).status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(16);
    expect(statuses.at(-1)).toBe(429);
    expect((await call({ ...upload, token: 'node:n2', body: zstd(smallSnapshot()) })).status).toBe(200);
    await clock.advance(1_000);
    expect((await call({ ...upload, body: zstd(smallSnapshot()) })).status).toBe(200);
  });

  it('of one node are limited also by what they unpack to', async () => {
    const clock = new FakeClock();
    const { call } = await startTestServer(clock);
    const body = zstdCompressSync(Buffer.alloc(snapshotLimits.jsonBytes, 0x20));
    expect(body.length).toBeLessThan(10_000);
    const statuses: number[] = [];
    for (let n = 0; n < 9; n += 1) statuses.push((await call({ ...upload, body })).status);
    expect(statuses).toEqual([...Array.from({ length: 8 }, () => 400), 429]);
    await clock.advance(1_000);
    expect((await call({ ...upload, body: zstd(smallSnapshot()) })).status).toBe(200);
  });

  it('that the ingestion cannot take are to be sent again, and nobody learns why', async () => {
    const { call } = await startTestServer(new FakeClock(), { ingest: () => Promise.reject(new Error('secret path')) });
    const answer = await call({ ...upload, body: zstd(smallSnapshot()) });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    expect(uploadAnswer.safeParse(JSON.parse(answer.text)).success).toBe(false);
  });
});

describe('reports', () => {
  it('are handed on with the identity of the token', async () => {
    const { call, reports } = await startTestServer(new FakeClock());
    const answer = await call({ path: '/agent/v1/report', token: 'node:n1', body: JSON.stringify(report) });
    expect(answer.status).toBe(204);
    expect(reports).toEqual([{ agent: { node: 'n1', podName: 'agent-n1', podUid: 'uid-n1' }, version: 7 }]);
  });

  it('and uploads close their connections, which would hold memory until the next', async () => {
    const { call, open } = await startTestServer(new FakeClock());
    const headers = { connection: 'keep-alive' };
    const reported = await call({ path: '/agent/v1/report', token: 'node:n1', headers, body: JSON.stringify(report) });
    const uploaded = await call({ ...upload, headers, body: zstd(smallSnapshot()) });
    expect([reported, uploaded].map(({ headers }) => headers.connection)).toEqual(['close', 'close']);
    const stream = await open({ path: '/agent/v1/desired', token: 'node:n1', headers });
    expect(stream.headers.connection).not.toBe('close');
    stream.destroy();
  });

  it.each([
    ['{', 400, 'malformed-json'],
    [JSON.stringify({ ...report, containers: [{ id: 'short' }] }), 400, 'malformed-report'],
    [JSON.stringify({ ...report, lostPeriods: [lost(1e17)] }), 400, 'malformed-report'],
    [JSON.stringify({ ...report, lostPeriods: [lost(-1)] }), 400, 'malformed-report'],
    [JSON.stringify({ ...report, agentVersion: 'x'.repeat(600_000) }), 413, 'too-large-report'],
    [`[${'{},'.repeat(20_000)}0]`, 413, 'too-large-report'],
  ])('%.30s is refused', async (body, status, code) => {
    const { call, reports } = await startTestServer(new FakeClock());
    const answer = await call({ path: '/agent/v1/report', token: 'node:n1', body });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([status, { code }]);
    expect(reports).toEqual([]);
  });

  it('of one node that are sent slowly leave room for those of others', async () => {
    const { server, authority, call, metrics } = await startTestServer(new FakeClock());
    const slow = async (): Promise<string> => {
      const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.cert });
      onTestFinished(() => void socket.destroy());
      await once(socket, 'secureConnect');
      socket.write(
        'POST /agent/v1/report HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer node:n1\r\nContent-Length: 9\r\n\r\nabc',
      );
      const answered = Promise.withResolvers<string>();
      socket.once('data', (data: Buffer) => answered.resolve(data.toString()));
      return answered.promise;
    };
    const refused = await Promise.race([slow(), slow(), slow()]);
    expect(refused).toMatch(/^HTTP\/1.1 429 /);
    expect(refused).toContain('quota-reports');
    const body = JSON.stringify(report);
    expect((await call({ path: '/agent/v1/report', token: 'node:n2', body })).status).toBe(204);
    expect((await metrics.agentReports.get()).values).toMatchObject([{ value: 1 }]);
  });

  it('come at most so often', async () => {
    const { call, refusals } = await startTestServer(new FakeClock());
    const body = JSON.stringify(report);
    for (let n = 0; n < 121; n += 1) await call({ path: '/agent/v1/report', token: 'node:n1', body });
    expect(await refusals()).toEqual(['quota-requests 1']);
  });
});
