import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Counters } from '../counters.ts';
import { persevere, UnexpectedAnswer } from './link-parts.ts';
import { OperatorConnection, retryAfter } from './operator-connection.ts';
import { Wakeup } from './wakeup.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('a conversation with the operator', () => {
  it.each([
    [0, 15_000],
    [0.5, 22_500],
  ])('goes on after the time that the operator asked for, spread by %d', async (random, expected) => {
    const counters = new Counters();
    const connection = new OperatorConnection({ url: new URL('https://operator'), caFile: '', tokenFile: '' });
    const end = new AbortController();
    let calls = 0;
    const once = async (): Promise<number> => {
      calls += 1;
      throw new UnexpectedAnswer('/path', {
        status: 503,
        text: 'busy',
        ...retryAfter({ headers: { 'retry-after': '15' } }),
      });
    };
    const parts = { connection, counters, log: silent, random: () => random };
    const running = persevere('snapshots', parts, once, { wakeup: new Wakeup(), signal: end.signal });
    await vi.advanceTimersByTimeAsync(expected - 1);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toBe(2);
    end.abort();
    await running;
    expect(counters.toJSON()).toEqual({ 'operator_failures_total{call="snapshots"}': 2 });
  });
});

describe('retryAfter', () => {
  it.each([
    ['30', { retryAfterMs: 30_000 }],
    ['999999', { retryAfterMs: 300_000 }],
    ['-1', {}],
    ['Wed, 21 Oct 2015 07:28:00 GMT', {}],
    [undefined, {}],
  ])('of %s is %j', (text, expected) => {
    expect(retryAfter({ headers: text === undefined ? {} : { 'retry-after': text } })).toEqual(expected);
  });
});
