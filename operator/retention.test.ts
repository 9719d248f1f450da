import { pino } from 'pino';
import { expect, it } from 'vitest';
import { trimPeriodically } from './retention.ts';
import { defaultSettings } from './settings.ts';
import { SettingsSource } from './settings-source.ts';
import { StoreError } from './store/errors.ts';
import type { Retention, Trimmed } from './store/store.ts';
import { JumpingClock } from './testing/jumping-clock.ts';

const nothing: Trimmed = { byAge: 0, byBytes: 0 };
const minute = 60_000;

/** Answers in turn; afterwards there is nothing to drop. */
function setUp(answers: (Trimmed | StoreError)[]) {
  const clock = new JumpingClock();
  const asked: Retention[] = [];
  const counted: Trimmed[] = [];
  const stop = new AbortController();
  const store = {
    trimSnapshots: (retention: Retention): Promise<Trimmed> => {
      asked.push(retention);
      const answer = answers.shift() ?? nothing;
      return answer instanceof StoreError ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const retention = { ...defaultSettings.retention, snapshotAgeMs: 5_000, snapshotBytes: 70 };
  const settings = new SettingsSource({ ...defaultSettings, retention });
  const log = pino({ level: 'silent' });
  const options = { store, settings, clock, log, onTrimmed: (trimmed: Trimmed) => void counted.push(trimmed) };
  return { clock, asked, counted, stop, running: trimPeriodically(options, stop.signal) };
}

it('drops nothing for a clock that is a year ahead for a while', async () => {
  const { clock, asked, stop, running } = setUp([]);
  const start = clock.now();
  clock.jump(365 * 24 * 60 * minute);
  await clock.advance(59 * minute);
  expect(Math.max(...asked.map(({ before }) => before))).toBe(start + 59 * minute - 5_000);
  stop.abort();
  await running;
});

it('drops portion after portion until nothing goes, each minute anew', async () => {
  const { clock, asked, counted, stop, running } = setUp([
    { byAge: 256, byBytes: 0 },
    { byAge: 1, byBytes: 3 },
    nothing,
  ]);
  const start = clock.now();
  await clock.settle();
  expect(asked).toEqual(Array.from({ length: 3 }, () => ({ before: start - 5_000, bytes: 70 })));
  expect(counted).toEqual([{ byAge: 256, byBytes: 0 }, { byAge: 1, byBytes: 3 }, nothing]);
  await clock.advance(minute);
  expect(asked.at(-1)).toEqual({ before: start + minute - 5_000, bytes: 70 });
  stop.abort();
  await running;
  expect(clock.pending).toBe(0);
});

it('goes on after a full volume, and ends with a store that is broken', async () => {
  const { clock, asked, running } = setUp([
    new StoreError('full', 'full'),
    nothing,
    new StoreError('corrupt', 'damaged'),
  ]);
  const ended = running.catch((error: unknown) => error);
  await clock.advance(minute);
  expect(asked).toHaveLength(2);
  await clock.advance(minute);
  expect(await ended).toMatchObject({ kind: 'corrupt' });
});
