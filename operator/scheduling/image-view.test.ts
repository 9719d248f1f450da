import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageReasons, imageView } from './image-view.ts';
import { type ReasonCode, reasonCodes } from './reason.ts';

const counts = fc.dictionary(fc.constantFrom(...reasonCodes), fc.integer({ min: 1, max: 9 })).map((found) => {
  return new Map(
    reasonCodes.flatMap((code): [ReasonCode, number][] => (code in found ? [[code, found[code] ?? 0]] : [])),
  );
});

describe('why an image is watched or not', () => {
  it('has exactly one reason, whatever its containers have, and counts each of them once at most', () => {
    fc.assert(
      fc.property(counts, fc.boolean(), (found, sealed) => {
        const view = imageView(found, sealed);
        const all = [...found.values()].reduce((sum, count) => sum + count, 0);
        expect(imageReasons).toContain(view.reason);
        expect(view.watching + view.waiting).toBeLessThanOrEqual(all);
        expect(view.reason === 'Watched').toBe(view.watching > 0 && !sealed && !found.has('stable'));
        // A sentence, short enough for the object.
        expect(view.message).toMatch(/^[A-Z0-9].{10,250}\.$/);
      }),
    );
  });

  it.each([
    ['Sealed', [['stable', 3]], true, 0, 0, 'The profile is finished: its containers need no watching.'],
    ['Sealed', [['profiling', 1]], true, 0, 0, 'The profile is finished: its containers need no watching.'],
    [
      'Watched',
      [
        ['profiling', 1],
        ['granted', 1],
        ['node-full', 1],
        ['excluded', 4],
      ],
      false,
      2,
      1,
      '2 containers are watched now; 1 waits for a slot.',
    ],
    [
      'SlotsTaken',
      [['waiting', 1]],
      false,
      0,
      1,
      'All profiling slots of its nodes are taken: 1 container waits for one.',
    ],
    [
      'AgentUnavailable',
      [['agent-unreachable', 2]],
      false,
      0,
      0,
      'No agent is ready where 2 containers run: kubectl wsp status says why.',
    ],
    [
      'ShareTaken',
      [
        ['share', 2],
        ['excluded', 1],
      ],
      false,
      0,
      0,
      'The namespaces of its containers have taught their share of it: see the condition ShareTaken.',
    ],
    ['NotRunning', [['done', 2]], false, 0, 0, 'No container of the image runs.'],
    ['NotRunning', [], false, 0, 0, 'No container of the image runs.'],
  ] as const)('%s: %j', (reason, found, sealed, ...rest) => {
    const [watching, waiting, message] = rest;
    expect(imageView(new Map(found), sealed)).toEqual({ reason, watching, waiting, message });
  });
});
