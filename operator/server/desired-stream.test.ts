import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createInterface, type Interface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { desiredMessage, type DesiredMessage, type DesiredState } from '../../core/wire/agent.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { agentIdentity, startTestServer } from './testing/test-server.ts';

const state = (version: number, refused: string[] = []): DesiredState => ({
  type: 'desired',
  version,
  profiling: true,
  startPhaseSeconds: 180,
  maxSlots: 5,
  slots: [],
  refused,
  probes: [],
  profiles: [],
});

async function nextLine(lines: Interface): Promise<DesiredMessage> {
  const line = await new Promise<string>((resolve) => lines.once('line', resolve));
  return desiredMessage.parse(JSON.parse(line));
}

async function makeStream() {
  const clock = new FakeClock();
  const test = await startTestServer(clock);
  const connect = async (node = 'n1'): Promise<{ response: IncomingMessage; lines: Interface }> => {
    const response = await test.open({ path: '/agent/v1/desired', token: `node:${node}` });
    return { response, lines: createInterface(response) };
  };
  const publish = (node: string, wanted: DesiredState): void =>
    test.listeners.get(node)?.forEach((send) => send(wanted));
  const subscribers = (node = 'n1'): number => test.listeners.get(node)?.size ?? 0;
  return { ...test, clock, connect, publish, subscribers };
}

describe('the stream of desired state', () => {
  it('ends at once for an agent that is identified only while the server closes', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const { server, open } = await startTestServer(new FakeClock(), {
      review: async () => {
        asked.resolve();
        await answer.promise;
        return agentIdentity('n1');
      },
    });
    const opening = open({ path: '/agent/v1/desired', token: 'node:n1' });
    await asked.promise;
    const closing = server.close();
    answer.resolve();
    const response = await opening;
    // Cut off, it would end with an error.
    expect(await response.toArray()).toEqual([]);
    response.socket.destroy();
    await closing;
  });

  it('carries states of its own node, and a heartbeat every 15 s', async () => {
    const { clock, connect, publish } = await makeStream();
    const { response, lines } = await connect();
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
    publish('n2', state(99));
    publish('n1', state(1));
    expect(await nextLine(lines)).toMatchObject({ type: 'desired', version: 1 });
    const beat = nextLine(lines);
    await clock.advance(15_000);
    expect(await beat).toEqual({ type: 'heartbeat', at: clock.now() });
    response.destroy();
  });

  it('ends when the same node opens another one, and forgets its listener', async () => {
    const { connect, subscribers, metrics } = await makeStream();
    const first = await connect();
    const ended = once(first.lines, 'close');
    const second = await connect();
    await ended;
    expect(subscribers()).toBe(1);
    expect((await metrics.agentStreams.get()).values[0]?.value).toBe(1);
    const gone = Promise.withResolvers<void>();
    second.response.on('close', () => gone.resolve());
    second.response.destroy();
    await gone.promise;
    while (subscribers() > 0) await setImmediate();
    expect((await metrics.agentStreams.get()).values[0]?.value).toBe(0);
  });

  it('ends by itself after 30 minutes at the latest', async () => {
    const { clock, connect, subscribers } = await makeStream();
    const { response, lines } = await connect();
    response.resume();
    const ended = once(lines, 'close');
    await clock.advance(30 * 60_000);
    await ended;
    expect(subscribers()).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('skips to the latest state for an agent that reads slowly, and gives up one that reads nothing', async () => {
    const { clock, connect, publish, subscribers } = await makeStream();
    const { response, lines } = await connect();
    const versions: number[] = [];
    lines.on('line', (line) => {
      const message = desiredMessage.parse(JSON.parse(line));
      if (message.type === 'desired') versions.push(message.version);
    });
    /** 200 states of 67 kB: more than the buffers of a connection hold. */
    const big = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(64, '0'));
    const flood = async (from: number): Promise<void> => {
      lines.pause();
      for (let version = from; version < from + 200; version += 1) {
        publish('n1', state(version, big));
        await setImmediate();
      }
    };
    await flood(1);
    lines.resume();
    while (versions.at(-1) !== 200) await setImmediate();
    expect(versions.length).toBeLessThan(190);

    await flood(201);
    await clock.advance(44_000);
    expect(subscribers()).toBe(1);
    await clock.advance(1_000);
    while (subscribers() > 0) await setImmediate();
    expect(clock.pending).toBe(0);
    response.destroy();
  });
});
