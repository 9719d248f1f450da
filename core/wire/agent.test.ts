import { describe, expect, it } from 'vitest';
import { agentReport, desiredMessage, type DesiredState, desiredState, maxContainerProbes } from './agent.ts';
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
};

describe('desired state', () => {
  it('is read from operators one version apart: without what is new, and with what is not known', () => {
    const { probes: _, ...older } = state;
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
      counters: {},
      gauges: {},
    };
    expect(agentReport.parse(report)).toMatchObject({
      capture: { state: 'starting', reason: 'half' },
      containers: [{ state: 'idle' }],
    });
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
