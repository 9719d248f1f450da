import { expect, it } from 'vitest';
import { Recording } from '../../core/activity/testing/recording.ts';
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
  await observe({ capture, observer, counters, log, now: () => node.now, turned }, end.signal);
  expect(messages).toEqual(['event could not be handled']);
  expect(counters.toJSON()).toMatchObject({ events_total: 5_001, events_failed_total: 1 });
  expect(capture.queue).toEqual([]);
  expect(node.snapshots[0]?.files).toHaveLength(10);
});
