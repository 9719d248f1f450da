import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { hoursOf, unnotedRun } from './hours.ts';

it('what ran counts from the first period on, and no more once the profile is finished', () => {
  const facts = { watchedMs: 20, watchedFrom: 100 };
  const containers = [{ startedAt: 0 }, { startedAt: 150, finishedAt: 170 }, {}];
  expect(hoursOf(facts, containers, 200)).toEqual({ watchedMs: 20, ranMs: 120 });
  expect(hoursOf({ ...facts, sealedAt: 160 }, containers, 200)).toEqual({ watchedMs: 20, ranMs: 70 });
  expect(hoursOf({ ...facts, lastRunAt: 190, ranMs: 110 }, containers, 200)).toEqual({ watchedMs: 20, ranMs: 120 });
  expect(hoursOf({}, containers, 200)).toBeUndefined();
});

it('is the same however often it is noted on the way, and never less than what was watched', () => {
  const life = fc.record({ startedAt: fc.nat(1_000), lasts: fc.nat(1_000) });
  fc.assert(
    fc.property(
      fc.array(life),
      fc.array(fc.nat(2_000)),
      fc.nat(2_000),
      fc.nat(500),
      (lives, notes, watchedFrom, watchedMs) => {
        const end = 2_000;
        const containers = lives.map(({ startedAt, lasts }) => ({ startedAt, finishedAt: startedAt + lasts }));
        // At a time, a container that has not ended yet has no end.
        const at = (now: number) =>
          containers
            .filter(({ startedAt }) => startedAt <= now)
            .map(({ startedAt, finishedAt }) => ({ startedAt, ...(finishedAt <= now && { finishedAt }) }));
        const facts = { watchedMs, watchedFrom };
        let noted = { ...facts, lastRunAt: 0, ranMs: 0 };
        for (const now of notes.toSorted((left, right) => left - right)) {
          noted = { ...noted, lastRunAt: now, ranMs: noted.ranMs + unnotedRun(noted, at(now), now) };
        }
        expect(hoursOf(noted, at(end), end)).toEqual(hoursOf(facts, at(end), end));
        expect(hoursOf(noted, at(end), end)?.ranMs).toBeGreaterThanOrEqual(watchedMs);
      },
    ),
  );
});
