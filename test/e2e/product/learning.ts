/** From snapshots to Learning, from Learning to Stable: every image by itself, and finished ones for good. */
import { expect, test } from 'vitest';
import { within, type Product } from './product.ts';
import { imageOf } from './profile.ts';

export const images = [
  'app:v1',
  'app:v2',
  'load:1',
  'nginx:1.22',
  'nginx:stable',
  'postgres:15',
  'redis:7.0',
  'report:1',
] as const;

export function learningTests(product: Product): void {
  test.for(images)('%s has a profile with snapshots and containers', async (image) => {
    await within(90, async () => {
      const { status } = await product.profile(image);
      expect(status.snapshots).toBeGreaterThan(0);
      expect(status.containers).toBeGreaterThan(0);
    });
  });

  test('two tags of one image ID have two profiles, and so have two versions of one program', async () => {
    const profiles = await Promise.all(
      ['nginx:1.22', 'nginx:stable', 'app:v1', 'app:v2'].map((image) => product.profile(image)),
    );
    expect(new Set(profiles.map(({ metadata }) => metadata.uid)).size).toBe(4);
    const [numbered, stable, first, second] = profiles.map(({ spec }) => spec.evidence.digests);
    expect(numbered).toEqual(stable);
    expect(numbered).toHaveLength(1);
    expect(first).not.toEqual(second);
  });

  test('no profile is of an image of the product itself', async () => {
    const names = (await product.profiles()).map(imageOf);
    expect(names.filter((name) => name.includes('workload-security'))).toEqual([]);
  });
}

export function sealingTests(product: Product): void {
  test('a lower threshold makes every profile Stable', async () => {
    await product.configure({ learning: { snapshots: 1 } });
    await within(90, async () => {
      const profiles = await product.profiles();
      expect(profiles.map(imageOf)).toEqual(
        expect.arrayContaining(images.map((image) => `localhost/samples/${image}`)),
      );
      // Those of other images too: what still learns is no part of what a move must keep.
      const states = profiles.map((profile) => [imageOf(profile), profile.status.state, profile.spec.sealed]);
      expect(states).toEqual(profiles.map((profile) => [imageOf(profile), 'Stable', true]));
    });
  });

  test('not even cluster-admin edits a finished profile', async () => {
    const { metadata } = await product.profile('nginx:1.22');
    const edits = [
      { spec: { sealed: false } },
      { spec: { behavior: { files: [] } } },
      { spec: { image: { name: 'localhost/samples/nginx', tag: 'other' } } },
    ];
    for (const edit of edits) {
      const patch = `--patch=${JSON.stringify(edit)}`;
      const { code, stderr } = await product.cluster.tryKubectl(['patch', 'wsp', metadata.name, '--type=merge', patch]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/the profile is sealed and cannot be changed; delete it to learn anew|is immutable/);
    }
    expect((await product.profile('nginx:1.22')).metadata.uid).toBe(metadata.uid);
  });

  test('the table says so, without a score where there is one container', async () => {
    const table = await product.cluster.kubectl('get', 'securityprofiles');
    expect(table).toMatch(/^NAME +IMAGE +TAG +STATUS +COMMONALITY +SNAPSHOTS +CONTAINERS +UPDATED +AGE$/m);
    expect(table).toMatch(/^nginx-1\.22-[0-9a-f]{10} +localhost\/samples\/nginx +1\.22 +Stable +\d+ +\d+ +3 /m);
    expect(table).toMatch(/^redis-7\.0-[0-9a-f]{10} +localhost\/samples\/redis +7\.0 +Stable +\d+ +1 /m);
  });
}
