/** How usual a behaviour is: what all replicas do, and what one of them alone did because the test made it. */
import { expect, test } from 'vitest';
import { within, type Product } from './product.ts';
import { processesOf, processOf } from './profile.ts';

/** In every Debian, and read by nothing that runs here. So many that they lower the score of the whole profile. */
const odd = [
  'debian_version',
  'issue',
  'profile',
  'shells',
  'pam.conf',
  'login.defs',
  'bash.bashrc',
  'adduser.conf',
].map((name) => `/etc/${name}`);

export function commonalityTests(product: Product): void {
  test('what three equal replicas share has 100, what was done in one of them 33', async () => {
    const pods = await product.pods('samples', 'app.kubernetes.io/name=nginx');
    expect(pods).toHaveLength(3);
    const [chosen] = pods;
    if (chosen === undefined) return;
    await within(60, async () => {
      const { containers, completeness } = (await product.profile('nginx:1.22')).spec.evidence;
      expect({ containers, startsSeen: completeness.startsSeen }).toEqual({ containers: 3, startsSeen: 3 });
    });

    await within(90, async () => {
      // Again and again: between its periods nobody watches the container.
      await product.cluster.kubectl('-n', 'samples', 'exec', chosen.name, '--', 'cat', ...odd);
      const done = processOf(await product.profile('nginx:1.22'), '/usr/bin/cat');
      expect(done).toMatchObject({ actors: ['exec'], commonality: 33 });
      expect(odd.map((path) => done.files.get(path))).toEqual(odd.map(() => 33));
    });

    // A replica shows what answering a request takes in the first period in which one reaches it.
    const profile = await within(90, async () => {
      const learned = await product.profile('nginx:1.22');
      const shared = processOf(learned, '/usr/sbin/nginx');
      expect(shared.commonality).toBe(100);
      expect([...shared.files].filter(([, commonality]) => commonality !== 100)).toEqual([]);
      return learned;
    });
    expect(new Set(processesOf(profile).map(({ lineage }) => lineage))).toEqual(
      new Set(['/usr/bin/cat', '/usr/sbin/nginx']),
    );
    expect(profile.status.commonality).toBeGreaterThan(50);
    expect(profile.status.commonality).toBeLessThan(100);
  });

  test.for(['nginx:stable', 'redis:7.0', 'postgres:15', 'load:1'])(
    '%s, of one container, has no score',
    async (image) => {
      const { status } = await product.profile(image);
      expect(status.containers).toBe(1);
      expect(status.commonality).toBeUndefined();
    },
  );
}
