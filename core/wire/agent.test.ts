import { describe, expect, it } from 'vitest';
import {
  agentReport,
  desiredMessage,
  type DesiredState,
  desiredState,
  maxContainerProbes,
  profileLimits,
} from './agent.ts';
import { commandDigest } from './command-digest.ts';

const state: DesiredState = {
  type: 'desired',
  version: 7,
  profiling: true,
  startPhaseSeconds: 180,
  maxSlots: 5,
  slots: [],
  refused: [],
  probes: [],
  profiles: [],
};

describe('desired state', () => {
  it('is read from operators one version apart: without what is new, and with what is not known', () => {
    const { probes: _, profiles: __, ...older } = state;
    expect(desiredState.parse({ ...older, later: true })).toEqual(state);
  });

  it('with as many probes of the longest names as there may be has 300 KB', () => {
    const digests = Array.from({ length: 5 }, (_, index) => commandDigest([`${index}`]));
    const one = { podUid: 'u'.repeat(64), container: 'c'.repeat(63), digests };
    const full = { ...state, probes: Array.from({ length: maxContainerProbes }, () => one) };
    expect(desiredState.safeParse(full).error).toBeUndefined();
    expect(JSON.stringify(full).length).toBeLessThan(300_000);
    expect(desiredState.safeParse({ ...full, probes: [...full.probes, one] }).success).toBe(false);
  });
});

it('a state with as many profiles as there may be has 20 KB more, and a report of all of them 40 KB', () => {
  const digests = Array.from({ length: profileLimits.count }, () => `sha256:${'ab'.repeat(32)}`);
  const full = { ...state, profiles: digests };
  expect(desiredState.parse(full)).toEqual(full);
  expect(JSON.stringify(full).length - JSON.stringify(state).length).toBeLessThan(20_000);
  expect(desiredState.safeParse({ ...full, profiles: [...digests, digests[0]] }).success).toBe(false);
  expect(desiredState.safeParse({ ...full, profiles: ['sha256:../../etc/passwd'] }).success).toBe(false);
  const failed = digests.map((digest) => ({ digest, reason: 'unavailable' }));
  expect(JSON.stringify({ held: digests, failed }).length).toBeLessThan(50_000);
});

describe('messages of newer neighbours', () => {
  it('are passed over by an agent, unless they are damaged ones that it knows', () => {
    expect(desiredMessage.parse({ type: 'rules', rules: [] })).toEqual({ type: 'unknown', name: 'rules' });
    expect(desiredMessage.parse(state)).toEqual(state);
    for (const damaged of [{ ...state, version: -1 }, { type: 'heartbeat' }, { type: 7 }, {}]) {
      expect(desiredMessage.safeParse(damaged).success).toBe(false);
    }
  });

  it('have states that an operator takes for the most careful it knows', () => {
    const report = {
      protocol: 1,
      agentVersion: '2',
      instance: 'i',
      capture: { state: 'degraded', variant: 'classic', reason: 'half' },
      runningVersion: 1,
      containers: [{ id: 'ab'.repeat(32), state: 'paused', startSeen: true }],
      lostPeriods: [],
      profiles: { held: [], failed: [{ digest: `sha256:${'ab'.repeat(32)}`, reason: 'moon' }] },
      counters: {},
      gauges: {},
    };
    expect(agentReport.parse(report)).toMatchObject({
      capture: { state: 'starting', reason: 'half' },
      containers: [{ state: 'idle' }],
      profiles: { held: [], failed: [{ reason: 'unavailable' }] },
    });
    const { profiles: _, ...older } = report;
    expect(agentReport.parse(older).profiles).toEqual({ held: [], failed: [] });
    expect(agentReport.safeParse({ ...report, capture: { ...report.capture, state: 1 } }).success).toBe(false);
  });
});

describe('digest of a command', () => {
  it('tells arguments apart from their parts', () => {
    const digests = [['a', 'b'], ['a b'], ['ab'], ['a', 'b', ''], []].map(commandDigest);
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests.every((digest) => /^[0-9a-f]{16}$/.test(digest))).toBe(true);
  });
});
