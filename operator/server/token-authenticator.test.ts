import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../kube/reviews.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { createServerMetrics } from './metrics.ts';
import { TokenAuthenticator } from './token-authenticator.ts';
import { person, reviewByName } from './testing/test-server.ts';

function makeAuthenticator(review: (token: string) => Promise<Identity | undefined> = reviewByName) {
  const clock = new FakeClock();
  const reviewed: string[] = [];
  const authenticator = new TokenAuthenticator({
    review: (token) => {
      reviewed.push(token);
      return review(token);
    },
    clock,
    metrics: createServerMetrics(new Registry()),
  });
  const ask = async (token: string, address = '10.0.0.1') => (await authenticator.authenticate(token, address)).type;
  return { clock, reviewed, ask, authenticator };
}

describe('TokenAuthenticator', () => {
  it('asks once a minute about a valid token and every ten seconds about an invalid one', async () => {
    const { clock, reviewed, ask } = makeAuthenticator();
    for (let second = 0; second < 61; second += 1) {
      expect([await ask('user:a'), second % 5 === 0 ? await ask('bad') : 'invalid']).toEqual(['valid', 'invalid']);
      await clock.advance(1_000);
    }
    expect(reviewed.filter((token) => token === 'user:a')).toHaveLength(1);
    expect(reviewed.filter((token) => token === 'bad').length).toBeLessThanOrEqual(7);
    await ask('user:a');
    expect(reviewed.at(-1)).toBe('user:a');
  });

  it('shares one review among requests that come together', async () => {
    const { reviewed, ask } = makeAuthenticator();
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => ask('user:a'))))).toEqual(new Set(['valid']));
    expect(reviewed).toEqual(['user:a']);
  });

  it('does not remember that nobody could say', async () => {
    let up = false;
    const { ask } = makeAuthenticator(async () => {
      if (!up) throw new Error('down');
      return person('a');
    });
    expect(await ask('user:a')).toBe('unavailable');
    up = true;
    expect(await ask('user:a')).toBe('valid');
  });

  it('lets an address that guesses wait, not others and not those it knows', async () => {
    const { clock, reviewed, ask } = makeAuthenticator();
    expect(await ask('user:known', '10.6.6.6')).toBe('valid');
    const verdicts: string[] = [];
    for (let n = 0; n < 100; n += 1) verdicts.push(await ask(`guess ${n}`, '10.6.6.6'));
    expect(verdicts.filter((verdict) => verdict === 'invalid')).toHaveLength(20);
    expect(reviewed).toHaveLength(21);
    expect(await ask('user:known', '10.6.6.6')).toBe('valid');
    expect(await ask('user:other', '10.0.0.2')).toBe('valid');
    await clock.advance(5_000);
    expect(await ask('user:late', '10.6.6.6')).toBe('valid');
  });

  it('runs a bounded number of reviews and refuses what cannot even wait', async () => {
    const gate = Promise.withResolvers<undefined>();
    let running = 0;
    let most = 0;
    const { ask } = makeAuthenticator(async () => {
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      running -= 1;
      return person('a');
    });
    const asked = Array.from({ length: 300 }, (_, n) => ask(`user:${n}`, `10.0.${n}.1`));
    gate.resolve(undefined);
    const verdicts = await Promise.all(asked);
    expect(most).toBe(16);
    expect(verdicts.filter((verdict) => verdict === 'valid')).toHaveLength(16 + 256);
    expect(verdicts.filter((verdict) => verdict === 'unavailable')).toHaveLength(28);
  });
});
