import { describe, expect, it } from 'vitest';
import { profileLimits } from '../../core/wire/agent.ts';
import type { ProfileFacts } from './grant.ts';
import { heldProfiles, nodeProfiles } from './node-profiles.ts';
import { imageOf } from './testing/situations.ts';

const digestOf = (number: number): string => `sha256:${number.toString(16).padStart(64, '0')}`;
const nothing = { processes: 0, files: 0, dns: 0, network: 0 };

function stable(number: number, bytes = 5_000): ProfileFacts {
  const compiled = { revision: 1, digest: digestOf(number), bytes, fingerprints: 1_000, omitted: nothing };
  return { state: 'stable', snapshots: 200, containers: 3, compiled };
}

const running = (count: number) => Array.from({ length: count }, (_, number) => ({ image: imageOf(`${number}`) }));
const numberOf = ({ name }: { readonly name: string }): number => Number(name.split('/').at(-1));

describe('profiles of a node', () => {
  it('are those of its images that are compiled, each once', () => {
    const profiles = [stable(2), stable(2), { state: 'stable', snapshots: 1, containers: 1 } as const, stable(1)];
    const told = nodeProfiles([...running(5), ...running(5)], (image) => profiles[numberOf(image)]);
    expect(told).toEqual({ told: [digestOf(1), digestOf(2)], leftOut: 0 });
  });

  it('are no more than an agent holds, the smallest first, and count what is left out', () => {
    const many = profileLimits.count + 10;
    const most = nodeProfiles(running(many), (image) => stable(numberOf(image), 1_000 + numberOf(image)));
    expect(most.told).toEqual(Array.from({ length: profileLimits.count }, (_, number) => digestOf(number)));
    expect(most.leftOut).toBe(10);
    const large = nodeProfiles(running(100), (image) => stable(numberOf(image), 400_000));
    expect(large.told).toHaveLength(83);
    expect(large.leftOut).toBe(17);
  });
});

it('what an agent says counts for what it was told of', () => {
  const told = [1, 2, 3].map(digestOf);
  const failed = [2, 3, 8].map((number) => ({ digest: digestOf(number), reason: 'format' as const }));
  expect(heldProfiles({ profiles: told }, { held: [1, 9].map(digestOf), failed })).toEqual({
    told: 3,
    held: 1,
    failures: { format: 2 },
  });
  const contradicting = { held: [1, 1, 2].map(digestOf), failed: [...failed, ...failed] };
  expect(heldProfiles({ profiles: told }, contradicting)).toEqual({ told: 3, held: 2, failures: { format: 1 } });
});
