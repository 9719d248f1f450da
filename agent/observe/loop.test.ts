import { expect, it } from 'vitest';
import { Recording } from '../../core/activity/testing/recording.ts';
import type { DesiredState } from '../../core/wire/agent.ts';
import { observe } from './loop.ts';
import { Node } from './testing/replay.ts';

it('goes on after an event that cannot be handled, reads the rest when it ends, and cuts periods short', async () => {
  const node = new Node();
  const { capture, observer, counters } = node;
  const end = new AbortController();
  const recording = node.starts(7);
  node.desire({ slots: [node.slot(7, 's1')] });
  // More than one turn's worth, with one in the middle that cannot be read.
  for (let at = 0; at < 5_000; at += 1) recording.open(7_000, `/file-${at % 10}`);
  const broken = new Recording(7n, node.now).exec(7_000, '/x').events.map((event) =>
    Object.defineProperty(event, 'process', {
      get: () => {
        throw new Error('broken');
      },
    }),
  );
  capture.queue.push(...recording.events.splice(0, 4_500), ...broken, ...recording.events);
  let turns = 0;
  const messages: string[] = [];
  const write = (_: unknown, message: string): void => void messages.push(message);
  const log = { debug: write, info: write, warn: write, error: write };
  const turned = (): void => {
    turns += 1;
    if (turns === 2) end.abort();
  };
  const desired = (): DesiredState => observer.desired;
  await observe({ capture, observer, counters, log, now: () => node.now, turned, desired }, end.signal);
  expect(messages).toEqual(['event could not be handled']);
  expect(counters.toJSON()).toMatchObject({ events_total: 5_001, events_failed_total: 1 });
  expect(capture.queue).toEqual([]);
  expect(node.snapshots[0]?.files).toHaveLength(10);
});

it('reads what happened before a slot was taken away into the period that this ends', async () => {
  const node = new Node();
  const { capture, observer, counters } = node;
  const end = new AbortController();
  const recording = node.starts(7);
  node.desire({ slots: [node.slot(7, 's1')] });
  capture.queue.push(...recording.open(7_000, '/late').events);
  const write = (): void => undefined;
  const log = { debug: write, info: write, warn: write, error: write };
  const wished = { ...observer.desired, slots: [] };
  const parts = { capture, observer, counters, log, now: () => node.now, desired: () => wished };
  await observe({ ...parts, turned: () => end.abort() }, end.signal);
  expect(node.snapshots).toMatchObject([{ files: [{ path: '/late' }] }]);
  expect(observer.desired).toBe(wished);
});

it('lets wishes and time have their turn in a flood that never ends', async () => {
  const node = new Node();
  const { capture, observer, counters } = node;
  const end = new AbortController();
  const [event] = new Recording(7n, node.now).exec(7_000, '/x').events;
  if (event === undefined) throw new Error('nothing was recorded');
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const flood = (): void => void capture.queue.push(...Array<typeof event>(4_096).fill(event));
  flood();
  let asked = 0;
  const desired = (): DesiredState => {
    asked += 1;
    if (asked === 3) end.abort();
    return observer.desired;
  };
  await observe({ capture, observer, counters, log, now: () => node.now, turned: flood, desired }, end.signal);
  expect(asked).toBe(3);
});
