/** Whatever strace finds in a container the capture finds too, and nothing else. */
import { describe, expect } from 'vitest';
import { noLosses } from '../../core/activity/snapshot.ts';
import { programs } from './programs.ts';
import { test } from './recall-test.ts';
import { recallOf, unexplained } from './recall.ts';

describe.each(programs)('$name', (program) => {
  test('is seen as strace sees it', async ({ kernel, lower }) => {
    const recall = await recallOf(program, kernel.capture, lower);
    expect(recall).toMatchObject({ status: 0 });
    expect(recall.events.file.truth).toBeGreaterThan(50);
    expect(unexplained(recall, program, 'events')).toEqual([]);
    expect(unexplained(recall, program, 'snapshot')).toEqual([]);
    // The one question in pieces, as two events that were not understood.
    expect(recall.losses).toEqual({ ...noLosses(), truncated: program.name === 'dns' ? 2 : 0 });
  });
});
