import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, garbage, type GarbageLimits } from './garbage.ts';

const now = 1_000;
const limits: GarbageLimits = { idleMs: 100, tags: 2, bytes: 100 };

function candidate(name: string, tag: string, fields: Partial<Candidate> = {}): Candidate {
  return { image: { name, tag }, running: false, keep: false, lastRunAt: now, bytes: 1, ...fields };
}
const tagsOf = (profiles: readonly Candidate[]): string[] =>
  garbage(profiles, limits, now).map(({ image, why }) => `${image.name}:${image.tag} ${why}`);

describe('profiles leave', () => {
  it('when their image has not been running for long', () => {
    expect(
      tagsOf([
        candidate('a', '1', { lastRunAt: 900 }),
        candidate('a', '2', { lastRunAt: 901 }),
        candidate('b', '1', { lastRunAt: 0, running: true }),
        candidate('c', '1', { lastRunAt: 0, keep: true }),
      ]),
    ).toEqual(['a:1 idle']);
  });

  it('when there are too many tags of the image, least recently run first', () => {
    const tags = [5, 3, 4].map((at) => candidate('a', `${at}`, { lastRunAt: 990 + at }));
    expect(tagsOf([...tags, candidate('b', '1')])).toEqual(['a:3 tags']);
    const running = tags.map((one) => ({ ...one, running: true }));
    expect(tagsOf([...running, candidate('a', '6')])).toEqual(['a:6 tags']);
  });

  it('when all together are too large, least recently run first', () => {
    const large = [3, 1, 2].map((at) => candidate(`image-${at}`, 'v', { lastRunAt: 990 + at, bytes: 45 }));
    expect(tagsOf(large)).toEqual(['image-1:v bytes']);
  });

  it('never while they run or are kept, and no more of them than it takes', () => {
    const one = fc.record({
      image: fc.record({ name: fc.constantFrom('a', 'b'), tag: fc.string({ maxLength: 3 }) }),
      running: fc.boolean(),
      keep: fc.boolean(),
      lastRunAt: fc.integer({ min: 800, max: now }),
      bytes: fc.integer({ min: 0, max: 40 }),
    });
    const profiles = fc.uniqueArray(one, { selector: ({ image }) => `${image.name}:${image.tag}`, maxLength: 12 });
    fc.assert(
      fc.property(profiles, (all) => {
        const gone = new Map(garbage(all, limits, now).map(({ image, why }) => [image, why]));
        const left = all.filter(({ image }) => !gone.has(image));
        const free = left.filter(({ running, keep }) => !running && !keep);
        expect(all.filter(({ image, running, keep }) => gone.has(image) && (running || keep))).toEqual([]);
        const bytes = left.reduce((sum, profile) => sum + profile.bytes, 0);
        // Whoever could have gone and stayed is within every limit.
        for (const { image, lastRunAt } of free) {
          expect(now - lastRunAt).toBeLessThan(limits.idleMs);
          expect(left.filter((other) => other.image.name === image.name).length).toBeLessThanOrEqual(limits.tags);
          expect(bytes).toBeLessThanOrEqual(limits.bytes);
        }
        expect(garbage(left, limits, now)).toEqual([]);
      }),
    );
  });
});
