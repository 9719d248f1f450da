import * as fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { runAsLeader } from './leader-election.ts';
import { createKubeMetrics } from './metrics.ts';
import { LeaseServer, type Fault } from './testing/lease-server.ts';

function makeWorld() {
  const clock = new FakeClock();
  const server = new LeaseServer();
  const leaders = new Set<string>();
  const history: string[] = [];

  const candidate = (identity: string) => {
    const state: { fault: Fault } = { fault: 'none' };
    const stop = new AbortController();
    const lead = async (term: AbortSignal): Promise<void> => {
      leaders.add(identity);
      history.push(identity);
      await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve(), { once: true }));
      leaders.delete(identity);
    };
    const running = runAsLeader(
      {
        client: server.client(() => state.fault),
        lease: { namespace: 'ns', name: 'operator' },
        identity,
        clock,
        random: () => 0,
        metrics: createKubeMetrics(new Registry()),
        log: pino({ level: 'silent' }),
      },
      lead,
      stop.signal,
    );
    return { state, stop, running };
  };
  return { clock, server, leaders, history, candidate };
}

describe('runAsLeader', () => {
  it('lets one of two lead, and the other one as soon as the first has stopped', async () => {
    const { clock, server, leaders, candidate } = makeWorld();
    const first = candidate('a');
    await clock.settle();
    const second = candidate('b');
    await clock.advance(60_000);
    expect([...leaders]).toEqual(['a']);
    first.stop.abort();
    await first.running;
    expect(server.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(2_000);
    expect([...leaders]).toEqual(['b']);
    expect(server.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    second.stop.abort();
    await second.running;
    expect(clock.pending).toBe(0);
  });

  it.each(['down', 'hang'] as const)(
    'steps down 40 s after its last renewal when the API server is %s',
    async (fault) => {
      const { clock, leaders, candidate } = makeWorld();
      const { state, stop, running } = candidate('a');
      await clock.advance(4_000);
      state.fault = fault;
      await clock.advance(39_999);
      expect(leaders.size).toBe(1);
      await clock.advance(1);
      expect(leaders.size).toBe(0);
      if (fault === 'hang') return;
      state.fault = 'none';
      await clock.advance(4_000);
      expect(leaders.size).toBe(1);
      stop.abort();
      await running;
    },
  );

  it('keeps leading over a failure shorter than the deadline', async () => {
    const { clock, history, candidate } = makeWorld();
    const { state, stop, running } = candidate('a');
    await clock.advance(4_000);
    state.fault = 'down';
    await clock.advance(36_000);
    state.fault = 'none';
    await clock.advance(60_000);
    expect(history).toEqual(['a']);
    stop.abort();
    await running;
  });

  it('waits the full duration for a dead holder, by its own clock, whatever the record says', async () => {
    const { clock, server, leaders, candidate } = makeWorld();
    server.spec = {
      holderIdentity: 'dead',
      leaseDurationSeconds: 15,
      renewTime: '1999-01-01T00:00:00.000000Z',
    };
    const { stop, running } = candidate('a');
    await clock.advance(14_000);
    expect(leaders.size).toBe(0);
    await clock.advance(2_000);
    expect(leaders.size).toBe(1);
    stop.abort();
    await running;
  });

  it('stops at once when somebody else took the lease', async () => {
    const { clock, server, leaders, candidate } = makeWorld();
    const { stop, running } = candidate('a');
    await clock.settle();
    server.spec = { ...server.spec, holderIdentity: 'b' };
    await clock.advance(2_000);
    expect(leaders.size).toBe(0);
    stop.abort();
    await running;
  });

  it('passes on what the work throws, and gives the lease up', async () => {
    const { clock, server } = makeWorld();
    const running = runAsLeader(
      {
        client: server.client(() => 'none'),
        lease: { namespace: 'ns', name: 'operator' },
        identity: 'a',
        clock,
        random: () => 0,
        metrics: createKubeMetrics(new Registry()),
        log: pino({ level: 'silent' }),
      },
      () => Promise.reject(new Error('store is gone')),
      new AbortController().signal,
    );
    await expect(running).rejects.toThrow('store is gone');
    expect(server.spec).toMatchObject({ holderIdentity: '' });
  });

  const outage = fc.record({
    who: fc.constantFrom(0, 1, 2),
    fault: fc.constantFrom<Fault>('none', 'down', 'down'),
    forMs: fc.integer({ min: 100, max: 80_000 }),
  });

  it('never has two leaders, whatever fails and when, and has one again when all is well', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(outage, { maxLength: 15 }), async (outages) => {
        const { clock, leaders, candidate } = makeWorld();
        const candidates = ['a', 'b', 'c'].map((identity) => candidate(identity));
        for (const { who, fault, forMs } of outages) {
          const chosen = candidates[who];
          if (chosen !== undefined) chosen.state.fault = fault;
          for (let passed = 0; passed < forMs; passed += 1_000) {
            await clock.advance(1_000);
            expect(leaders.size).toBeLessThanOrEqual(1);
          }
        }
        for (const { state } of candidates) state.fault = 'none';
        await clock.advance(65_000);
        expect(leaders.size).toBe(1);
        for (const { stop } of candidates) stop.abort();
        await Promise.all(candidates.map(({ running }) => running));
        expect(leaders.size).toBe(0);
      }),
      { numRuns: 15 },
    );
  });
});
