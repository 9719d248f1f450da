import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinMembers, memberCount, memberExamples, type Members, memberHashes, membersOf } from './members.ts';

it('members are the same however they come together, one by one or in heaps', () => {
  const names = fc.array(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 60 });
  const join = (list: readonly string[]): Members => list.map(membersOf).reduce(joinMembers);
  fc.assert(
    fc.property(names, names, (some, others) => {
      const all = join([...some, ...others]);
      expect(joinMembers(join(some), join(others))).toEqual(all);
      expect(joinMembers(join(others), join(some))).toEqual(all);
      const again = joinMembers(all, join(some));
      expect(again).toEqual(all);
      expect(again === all || all.hashes.length === memberHashes).toBe(true);
      const different = new Set([...some, ...others]).size;
      expect(all.hashes).toHaveLength(Math.min(different, memberHashes));
      expect(all.examples).toHaveLength(Math.min(different, memberExamples));
      expect(different < memberHashes ? memberCount(all) : different).toBe(different);
    }),
    { numRuns: 1_000 },
  );
});
