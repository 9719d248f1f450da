import { expect, vi } from 'vitest';
import { z } from 'zod';
import { runAsLeader, type LeaseTimings } from '../../operator/kube/leader-election.ts';
import { getObject } from '../../operator/kube/objects.ts';
import { leases } from '../../operator/kube/resource.ts';
import { test } from './api-server-test.ts';
import type { ApiServer } from './api-server.ts';
import { clientOf, liveContext } from './kube.ts';

const short: LeaseTimings = { durationMs: 6_000, renewDeadlineMs: 4_000, retryMs: 500, requestTimeoutMs: 2_000 };
/** Longer than a restart of the API server takes on a busy machine. */
const long: LeaseTimings = { durationMs: 60_000, renewDeadlineMs: 45_000, retryMs: 500, requestTimeoutMs: 10_000 };
const holder = z.object({ spec: z.object({ holderIdentity: z.string(), renewTime: z.string() }) });

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
    await vi.waitFor(() => expect(leaders.size).toBe(1), 10_000);
    await apiServer.kill();
    await vi.waitFor(() => expect(leaders.size).toBe(0), 10_000);
    await apiServer.start();
    await vi.waitFor(() => expect(leaders.size).toBe(1), 20_000);
    const lease = await getObject(clientOf(apiServer), leases, { namespace: 'default', name: 'operator' }, holder);
    expect([...leaders]).toEqual([lease.spec.holderIdentity]);
    expect(history).not.toContain('two leaders');
  } finally {
    clearInterval(watching);
    for (const { stop } of candidates) stop.abort();
    await Promise.all(candidates.map(({ running }) => running));
  }
  const released = await getObject(clientOf(apiServer), leases, { namespace: 'default', name: 'operator' }, holder);
  expect(released.spec.holderIdentity).toBe('');
});

test('a short absence of the API server does not cost the leadership', async ({ apiServer }) => {
  const leaders = new Set<string>();
  const history: string[] = [];
  const { stop, running } = candidate(apiServer, 'c', long, { leaders, history });
  await vi.waitFor(() => expect(leaders.size).toBe(1), 20_000);
  await apiServer.restart();
  const restarted = Date.now();
  await vi.waitFor(async () => {
    const lease = await getObject(clientOf(apiServer), leases, { namespace: 'default', name: 'operator' }, holder);
    expect(Date.parse(lease.spec.renewTime)).toBeGreaterThan(restarted);
  }, 30_000);
  stop.abort();
  await running;
  expect(history).toEqual(['c']);
});
