import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentReport, DesiredState } from '../../core/wire/agent.ts';
import { Counters } from '../counters.ts';
import { initialDesired, loadDesired, saveDesired } from './desired-file.ts';
import { followDesired } from './desired-stream.ts';
import { OperatorConnection } from './operator-connection.ts';
import { reportAlways } from './reporter.ts';
import { Spool } from './spool.ts';
import { OperatorServer, selfSigned } from './testing/operator-server.ts';
import { uploadSpooled } from './uploader.ts';
import { Wakeup } from './wakeup.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const container = 'ab'.repeat(32);
let server: OperatorServer;
let connection: OperatorConnection;
let counters: Counters;
let end: AbortController;

beforeEach(async () => {
  server = new OperatorServer();
  await server.start();
  connection = new OperatorConnection({ url: server.url, caFile: server.caFile, tokenFile: server.tokenFile });
  counters = new Counters();
  end = new AbortController();
});
afterEach(async () => {
  end.abort();
  connection.close();
  await server.stop();
  server.remove();
});

/** Waits between tries are half a second with this. */
const parts = () => ({ connection, counters, log: silent, random: () => 0 });

describe('the connection', () => {
  const get = { method: 'GET', path: '/x', signal: new AbortController().signal } as const;

  it('sends the token as it is now', async () => {
    server.answer = (_, response) => void response.end('{}');
    await connection.call(get);
    writeFileSync(server.tokenFile, 'second');
    await connection.call(get);
    expect(server.received.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  it('believes no other certificate, until the CA file has it', async () => {
    server.answer = (_, response) => void response.end('{}');
    const own = await selfSigned();
    writeFileSync(server.caFile, own.cert);
    await expect(connection.call(get)).rejects.toThrow(/self-signed certificate/);
    expect(server.received).toEqual([]);
  });

  it('reads no endless answer', async () => {
    server.answer = (_, response) => void response.end('x'.repeat(100_000));
    await expect(connection.call(get)).rejects.toThrow(/longer than 65536/);
  });
});

describe('the desired stream', () => {
  const state: DesiredState = {
    ...initialDesired,
    version: 4,
    slots: [{ slotId: 's', containerId: container, periodSeconds: 60 }],
  };

  it('hands on every state, ignores what it does not know, and comes back when the stream ends', async () => {
    let streams = 0;
    server.answer = (_, response) => {
      streams += 1;
      // The third has nothing to say and stays: however late somebody looks, it was two.
      if (streams > 2) return response.flushHeaders();
      const text = `${JSON.stringify({ ...state, version: streams, unknown: 1 })}\n{"type":"new"}\n{"type":"heartbeat","at":1}\n`;
      // Cut in the middle of a line, as a network may.
      response.write(text.slice(0, 30));
      return void response.end(text.slice(30));
    };
    const versions: number[] = [];
    const heard = vi.fn<() => void>();
    const desired = ({ version }: DesiredState): void => void versions.push(version);
    const following = followDesired({ ...parts(), heard, desired }, end.signal);
    await expect.poll(() => heard).toHaveBeenCalledTimes(6);
    expect(versions).toEqual([1, 2]);
    end.abort();
    await following;
    expect(counters.toJSON()).toEqual({ operator_messages_unknown_total: 2 });
  });

  it('tries again after an answer that it cannot use', async () => {
    const answers = ['{"type":"desired"}\n', 'no json\n', `${JSON.stringify(state)}\n`];
    server.answer = (_, response) => void response.end(answers.shift() ?? '');
    const seen: DesiredState[] = [];
    void followDesired({ ...parts(), heard: () => {}, desired: (each) => void seen.push(each) }, end.signal);
    await expect.poll(() => seen).toEqual([state]);
    expect(counters.toJSON()).toEqual({ 'operator_failures_total{call="desired"}': 2 });
  });
});

describe('uploads', () => {
  const uploading = (names: number): Spool => {
    const spool = new Spool({ directory: join(server.directory, 'spool'), maxBytes: 1e6, counters });
    for (let from = 1; from <= names; from += 1) spool.put(container, from, Buffer.from(`snapshot ${from}`));
    return spool;
  };

  it('go out oldest first and are forgotten once the operator has decided', async () => {
    const results = ['accepted', 'duplicate', 'refused'];
    server.answer = (_, response) =>
      void response.writeHead(results.length === 1 ? 422 : 200).end(JSON.stringify({ result: results.shift() }));
    const spool = uploading(3);
    void uploadSpooled({ ...parts(), spool, wakeup: new Wakeup() }, end.signal);
    await expect.poll(() => spool.names).toEqual([]);
    expect(server.received.map(({ line, body }) => `${line} ${body.toString()}`)).toEqual(
      [1, 2, 3].map((from) => `POST /agent/v1/snapshots snapshot ${from}`),
    );
  });

  it('are kept while the operator cannot decide, and one of them does not hold up the others', async () => {
    server.answer = ({ body }, response) => {
      const bad = body.toString() === 'snapshot 1' && server.received.length < 5;
      response.writeHead(bad ? 503 : 200).end(bad ? 'busy' : '{"result":"accepted"}');
    };
    const spool = uploading(3);
    void uploadSpooled({ ...parts(), spool, wakeup: new Wakeup() }, end.signal);
    await expect.poll(() => spool.names).toEqual([]);
    const sent = server.received.map(({ body }) => body.toString().at(-1)).join('');
    expect(sent.startsWith('123')).toBe(true);
    expect(counters.toJSON()).toMatchObject({ 'uploads_total{result="accepted"}': 3 });
  });

  it('wait for news in an empty spool', async () => {
    server.answer = (_, response) => void response.end('{"result":"accepted"}');
    const spool = uploading(0);
    const wakeup = new Wakeup();
    void uploadSpooled({ ...parts(), spool, wakeup }, end.signal);
    spool.put(container, 9, Buffer.from('late'));
    wakeup.notify();
    await expect.poll(() => spool.names).toEqual([]);
  });
});

describe('reports', () => {
  const report: AgentReport = {
    protocol: 1,
    agentVersion: '0',
    instance: 'i',
    capture: { state: 'ready', variant: 'classic', reason: '' },
    runningVersion: 1,
    containers: [],
    lostPeriods: [{ containerId: container, slotId: 's', from: 1, to: 2 }],
    profiles: { held: [], failed: [] },
    counters: {},
    gauges: {},
  };

  it('are acknowledged only when the operator took them, and sent at once on a change', async () => {
    const statuses = [500, 204, 204];
    server.answer = (_, response) => void response.writeHead(statuses.shift() ?? 204).end();
    const accepted = vi.fn<(report: AgentReport) => void>();
    const wakeup = new Wakeup();
    void reportAlways({ ...parts(), report: () => report, accepted, wakeup }, end.signal);
    await expect.poll(() => accepted).toHaveBeenCalledTimes(1);
    expect(server.received).toHaveLength(2);
    wakeup.notify();
    await expect.poll(() => accepted).toHaveBeenCalledTimes(2);
  });
});

describe('the last desired state', () => {
  it('is kept, without slots that are over', () => {
    const path = join(server.directory, 'state/desired.json');
    const slot = (slotId: string, periodSeconds: number) => ({ slotId, containerId: container, periodSeconds });
    const state = { ...initialDesired, version: 3, slots: [slot('short', 10), slot('long', 100)] };
    saveDesired(path, state, 1_000_000);
    expect(loadDesired(path, 1_050_000, silent)).toEqual({ ...state, slots: [slot('long', 100)] });
  });

  it('is ignored when it is damaged or missing', () => {
    const path = join(server.directory, 'desired.json');
    expect(loadDesired(path, 1, silent)).toEqual(initialDesired);
    writeFileSync(path, '{}');
    expect(loadDesired(path, 1, silent)).toEqual(initialDesired);
  });
});
