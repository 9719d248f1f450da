import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epoch, minute } from '../../core/profile/testing.ts';
import type { BuildRuns } from './image-runs.ts';
import { type Relearning, relearning, type Situation, teachersOf, wantsRelearning } from './relearning.ts';

const hour = 60 * minute;
const day = 24 * hour;
const sealedAt = epoch;
const now = epoch + 10 * minute;
const [known, fresh] = ['sha256:aa', 'sha256:bb'];

/** That runs, and began five minutes ago. */
function build(namespace: string, digest: string, changes: Partial<BuildRuns> = {}): BuildRuns {
  const started = now - 5 * minute;
  return { namespace, digest, running: true, since: started, latestStart: started, ...changes };
}

function decide(
  teachers: Readonly<Record<string, number>>,
  builds: readonly BuildRuns[],
  changes: Partial<Situation> = {},
  at = now,
): Relearning {
  const image = { name: 'docker.io/library/app', tag: 'latest' };
  const situation: Situation = {
    profile: { digests: [known], sealedAt },
    teachers: new Map(Object.entries(teachers)),
    runs: { image, running: true, lastRunAt: now, builds, labels: [] },
    builds: builds.filter(({ digest }) => digest !== known),
    restarts: 0,
    ...changes,
  };
  return relearning(situation, at);
}

const restarted = { kind: 'now', digests: [fresh], restarts: 1 };
const heldBecause = (why: string) => ({ kind: 'held', held: { why } });

describe('learning begins anew', () => {
  it('at once when the only one who taught has moved', () => {
    expect(decide({ shop: 3 }, [build('shop', fresh)])).toEqual(restarted);
  });

  it('at once when most who taught have moved, whatever somebody else goes on with', () => {
    const builds = [build('shop', fresh), build('tenant', known), build('tenant', 'sha256:cc')];
    expect(decide({ shop: 3, tenant: 1 }, builds)).toMatchObject({ kind: 'now', restarts: 1 });
  });

  it('in a rolling update when the old build is gone, or after an hour side by side', () => {
    const builds = [build('shop', fresh), build('shop', known)];
    expect(decide({ shop: 3 }, builds)).toMatchObject(heldBecause('rollout'));
    const since = now - 5 * minute;
    expect(decide({ shop: 3 }, builds, {}, since + hour - 1)).toMatchObject(heldBecause('rollout'));
    expect(decide({ shop: 3 }, builds, {}, since + hour)).toEqual(restarted);
    expect(decide({ shop: 3 }, [build('shop', fresh), build('shop', known, { running: false })])).toEqual(restarted);
  });

  it('not for a build that ran all the while', () => {
    const builds = [build('shop', fresh, { latestStart: sealedAt, since: sealedAt - day })];
    expect(decide({ shop: 3 }, builds)).toEqual({ kind: 'none' });
  });
});

describe('a tenant', () => {
  it('who did not teach the profile cannot end it, with however many builds, containers and time', () => {
    const builds = ['sha256:bb', 'sha256:cc', 'sha256:dd'].map((digest) => build('tenant', digest));
    expect(decide({ shop: 1 }, builds, {}, now + 30 * day)).toEqual({
      kind: 'held',
      held: { why: 'others', moved: ['tenant'], teachers: ['shop'] },
    });
  });

  it('who taught as much as another cannot end it alone', () => {
    expect(decide({ shop: 3, tenant: 3 }, [build('tenant', fresh)])).toMatchObject(heldBecause('others'));
    expect(decide({ shop: 3, tenant: 3 }, [build('tenant', fresh), build('shop', fresh)])).toEqual(restarted);
  });

  it('counts with three containers, however many it ran', () => {
    const ofTenant = Array.from({ length: 500 }, (_, n) => ({ ...facts, id: `${n}`, workload: `tenant/Pod/p${n}` }));
    const ofShop = Array.from({ length: 3 }, (_, n) => ({ ...facts, id: `s${n}`, workload: 'shop/Deployment/web' }));
    const teachers = teachersOf({ containers: [...ofTenant, ...ofShop] });
    expect(Object.fromEntries(teachers)).toEqual({ tenant: 3, shop: 3 });
  });

  const facts = { startSeen: true, kinds: 0, blindSpots: 0, node: 'n', digest: known };

  /** Namespaces with votes, of which the hostile ones do what they like and the others keep to what they have. */
  it('with half of the votes or fewer never ends a profile, whatever it runs and whenever', () => {
    const votes = fc.integer({ min: 1, max: 3 });
    const played = fc.record({
      honest: fc.array(votes, { minLength: 1, maxLength: 4 }),
      hostile: fc.array(votes, { maxLength: 4 }),
      builds: fc.array(
        fc.record({
          digest: fc.constantFrom(known, fresh, 'sha256:cc', 'sha256:dd'),
          namespace: fc.nat(5),
          running: fc.boolean(),
          since: fc.integer({ min: epoch - day, max: now }),
          latestStart: fc.integer({ min: epoch - day, max: now }),
        }),
        { maxLength: 12 },
      ),
      restarts: fc.nat(6),
      later: fc.integer({ min: 0, max: 90 * day }),
    });
    fc.assert(
      fc.property(played, ({ honest, hostile, builds, restarts, later }) => {
        const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0);
        fc.pre(sum(hostile) <= sum(honest));
        const teachers = Object.fromEntries([
          ...honest.map((count, n) => [`shop-${n}`, count] as const),
          ...hostile.map((count, n) => [`tenant-${n}`, count] as const),
        ]);
        const theirs = builds.map((one) => ({ ...one, namespace: `tenant-${one.namespace}` }));
        const decided = decide(teachers, [build('shop-0', known), ...theirs], { restarts }, now + later);
        expect(decided.kind).not.toBe('now');
      }),
      { numRuns: 500 },
    );
  });
});

describe('who has learning begin anew again and again', () => {
  const again = (restarts: number, keptFor: number) =>
    decide({ shop: 3 }, [build('shop', fresh)], { restarts, profile: { digests: [known], sealedAt: now - keptFor } });

  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [4, 8],
    [5, 8],
    [50, 8],
  ])('after %i times in a row gives the profile %i days first', (restarts, days) => {
    expect(again(restarts, days * day - 1)).toEqual({ kind: 'held', held: { why: 'recent', until: now + 1 } });
    expect(again(restarts, days * day)).toEqual({ ...restarted, restarts: restarts + 1 });
  });

  it('begins at once and from the beginning after a quiet time', () => {
    expect(again(1, 2 * day)).toEqual(restarted);
    expect(again(4, 16 * day - 1)).toMatchObject({ kind: 'now', restarts: 5 });
    expect(again(4, 16 * day)).toEqual(restarted);
  });
});

it('is wanted for the tag latest, for all or for none, as the settings say', () => {
  const wanted = (['Auto', 'Keep', 'Relearn'] as const).map((policy) =>
    ['latest', 'v1'].map((tag) => wantsRelearning(policy, tag)),
  );
  expect(wanted).toEqual([
    [true, false],
    [false, false],
    [true, true],
  ]);
});
