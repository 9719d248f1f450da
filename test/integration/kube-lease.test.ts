import { expect } from 'vitest';
import { z } from 'zod';
import { runAsLeader, type LeaseTimings } from '../../operator/kube/leader-election.ts';
import { getObject } from '../../operator/kube/objects.ts';
import { leases } from '../../operator/kube/resource.ts';
import { test } from './api-server-test.ts';
import type { ApiServer } from './api-server.ts';
import { clientOf, liveContext } from './kube.ts';

/** Short enough to wait for the end of one, and long enough for the answers of a busy machine. */
const short: LeaseTimings = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 500, requestTimeoutMs: 5_000 };
/** Longer than a restart of the API server takes on a busy machine. */
const long: LeaseTimings = { durationMs: 60_000, renewDeadlineMs: 45_000, retryMs: 500, requestTimeoutMs: 10_000 };
const holder = z.object({ spec: z.object({ holderIdentity: z.string(), renewTime: z.string() }) });

const leaseOf = (apiServer: ApiServer): Promise<z.infer<typeof holder>> =>
  getObject(clientOf(apiServer), leases, { namespace: 'default', name: 'operator' }, holder);

interface Observed {
  readonly leaders: Set<string>;
  readonly history: string[];
}

function candidate(apiServer: ApiServer, identity: string, timings: LeaseTimings, { leaders, history }: Observed) {
  const stop = new AbortController();
  const lead = async (term: AbortSignal): Promise<void> => {
    leaders.add(identity);
    history.push(identity);
    await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve(), { once: true }));
    leaders.delete(identity);
  };
  const options = {
    ...liveContext(),
    client: clientOf(apiServer),
    lease: { namespace: 'default', name: 'operator' },
    identity,
    timings,
  };
  return { stop, running: runAsLeader(options, lead, stop.signal) };
}

test('exactly one candidate leads, before and after the API server was killed', async ({ apiServer }) => {
  const leaders = new Set<string>();
  const history: string[] = [];
  const candidates = ['a', 'b'].map((identity) => candidate(apiServer, identity, short, { leaders, history }));
  const watching = setInterval(() => history.push(...(leaders.size > 1 ? ['two leaders'] : [])), 5);
  try {
    await expect.poll(() => leaders.size).toBe(1);
    await apiServer.kill();
    await expect.poll(() => leaders.size).toBe(0);
    await apiServer.start();
    await expect
      .poll(async () => {
        const { holderIdentity } = (await leaseOf(apiServer)).spec;
        return [...leaders].join(' ') === holderIdentity && holderIdentity !== '';
      })
      .toBe(true);
    expect(history).not.toContain('two leaders');
  } finally {
    clearInterval(watching);
    for (const { stop } of candidates) stop.abort();
    await Promise.all(candidates.map(({ running }) => running));
  }
  expect((await leaseOf(apiServer)).spec.holderIdentity).toBe('');
});

test('a short absence of the API server does not cost the leadership', async ({ apiServer }) => {
  const leaders = new Set<string>();
  const history: string[] = [];
  const { stop, running } = candidate(apiServer, 'c', long, { leaders, history });
  await expect.poll(() => leaders.size).toBe(1);
  await apiServer.restart();
  const restarted = Date.now();
  await expect.poll(async () => Date.parse((await leaseOf(apiServer)).spec.renewTime)).toBeGreaterThan(restarted);
  stop.abort();
  await running;
  expect(history).toEqual(['c']);
});
