import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { byText } from './evidence.ts';
import { mayOmitNamespaces, namedWorkloads } from './named-workloads.ts';

const workload = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([team, name]) => `team-${team}/Deployment/${name}`);
const namespaces = (names: readonly string[]): Set<string> => new Set(names.map((name) => name.replace(/\/.*/, '')));

it('takes turns among namespaces, each by text', () => {
  const all = ['b/Pod/1', 'a/Pod/3', 'a/Pod/2', 'c/Pod/1', '', 'a/Pod/1', 'b/Pod/2', 'a/Pod/1'];
  const named = (limit: number) => namedWorkloads(all, limit);
  expect(named(2)).toEqual({ workloads: ['a/Pod/1', 'b/Pod/1'], workloadsOmitted: 4 });
  expect(named(4)).toEqual({ workloads: ['a/Pod/1', 'a/Pod/2', 'b/Pod/1', 'c/Pod/1'], workloadsOmitted: 2 });
  expect(named(6)).toEqual({ workloads: [...new Set(all)].filter((name) => name !== '').sort(byText) });
});

it('names what it can of each namespace, whatever the order, counts the rest, and says whether a namespace may lack', () => {
  const cases = fc.record({ all: fc.array(workload, { maxLength: 60 }), limit: fc.integer({ min: 0, max: 20 }) });
  const shuffled = cases.chain(({ all, limit }) =>
    fc.record({
      all: fc.constant(all),
      limit: fc.constant(limit),
      other: fc.shuffledSubarray(all, { minLength: all.length }),
    }),
  );
  fc.assert(
    fc.property(shuffled, ({ all, limit, other }) => {
      const named = namedWorkloads(all, limit);
      expect(namedWorkloads([...other, ...other.slice(0, 3)], limit)).toEqual(named);
      const distinct = new Set(all);
      expect(named.workloads).toHaveLength(Math.min(limit, distinct.size));
      expect(named.workloads.length + (named.workloadsOmitted ?? 0)).toBe(distinct.size);
      expect(namespaces(named.workloads).size).toBe(Math.min(limit, namespaces([...all]).size));
      const lacks = namespaces(named.workloads).size < namespaces([...all]).size;
      expect(!lacks || mayOmitNamespaces(named)).toBe(true);
    }),
  );
});

it('says that no namespace lacks where one is named twice', () => {
  expect(mayOmitNamespaces(namedWorkloads(['a/Pod/1', 'a/Pod/2', 'a/Pod/3', 'b/Pod/1'], 3))).toBe(false);
  expect(mayOmitNamespaces(namedWorkloads(['a/Pod/1', 'b/Pod/1', 'c/Pod/1'], 2))).toBe(true);
  expect(mayOmitNamespaces(namedWorkloads(['a/Pod/1', 'b/Pod/1'], 2))).toBe(false);
});
