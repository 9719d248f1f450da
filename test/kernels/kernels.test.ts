/**
 * The real loader and the real programs on Debian's stock kernels, in emulated machines. By default on the oldest kernel;
 * `KERNELS=all` for all.
 */
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import type { Layout } from './guest/layouts.ts';
import type { Message } from './guest/messages.ts';
import { scenarios } from './guest/scenarios.ts';
import { aligned, createMatrix, roundRows, wantedMachines, type Attempt } from './matrix.ts';
import type { Outcome } from './machine.ts';

const matrix = createMatrix();
const rows: string[][] = [];

afterAll(() => {
  matrix.remove();
  if (rows.length > 0) process.stdout.write(`${aligned(rows)}\n`);
});

type Round = Extract<Message, { type: 'round' }>;

/** The round of a layout. What went wrong in it ends the test with the guest's reason and the end of the console's log. */
function roundOf({ messages, log }: Outcome, layout: Layout): Round {
  const round = messages.find((message) => message.type === 'round' && message.layout === layout);
  if (round?.type === 'round') return round;
  const failure = messages.find((message) => message.type === 'failure' && message.layout === layout);
  throw new Error(`${failure?.type === 'failure' ? failure.reason : 'the machine did not get that far'}\n${log}`);
}

function resultOf({ messages, log }: Outcome, layout: Layout, scenario: string): unknown {
  for (const message of messages) {
    if (!('scenario' in message) || message.layout !== layout || message.scenario !== scenario) continue;
    if (message.type === 'failure') throw new Error(`${message.reason}\n${log}`);
    return message.observed;
  }
  throw new Error(`nothing was said of it\n${log}`);
}

describe.for(wantedMachines())('$name', (machine) => {
  let attempt: Attempt;
  beforeAll(async () => {
    attempt = await matrix.run(machine);
    if ('outcome' in attempt) rows.push(...roundRows(machine.name, attempt.outcome));
  });
  const outcomeOr = (skip: TestContext['skip']): Outcome =>
    'reason' in attempt ? skip(attempt.reason) : attempt.outcome;

  test('runs to its end', ({ skip }) => {
    const { messages, log } = outcomeOr(skip);
    expect(messages.at(-1)?.type === 'end' ? 'ended' : log).toBe('ended');
  });

  describe.for(machine.layouts)('cgroups %s', (layout) => {
    test('takes the right variant, and says why not another', ({ skip }) => {
      const { variant, refusals } = roundOf(outcomeOr(skip), layout);
      expect(variant).toBe(machine.variant);
      expect(refusals).toHaveLength(machine.refusals.length);
      for (const [index, part] of machine.refusals.entries()) expect(refusals[index]?.reason).toContain(part);
    });

    test.for(scenarios)('$name', ({ name, expected }, { skip }) => {
      const outcome = outcomeOr(skip);
      const { variant } = roundOf(outcome, layout);
      expect(resultOf(outcome, layout, name)).toEqual(expected(variant));
    });
  });
});
