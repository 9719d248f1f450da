/** Finished profiles in the form that nodes hold. */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processIn, within, type Product } from './product.ts';

/** What runs all the time. */
const servers = ['app:v1', 'app:v2', 'nginx:1.22', 'nginx:stable', 'postgres:15', 'redis:7.0'] as const;

export function deliveryTests(product: Product): void {
  const folder = join(product.agentState, 'profiles');
  const named = async (): Promise<readonly (string | undefined)[]> => {
    const profiles = await Promise.all(servers.map((image) => product.profile(image)));
    return profiles.map(({ status }) => status.compiled?.digest);
  };
  const digestOf = (file: string): string => `sha256:${hash('sha256', readFileSync(join(folder, file)))}`;
  const held = (): string[] => readdirSync(folder).map(digestOf);

  test('the node holds them by the digests that they name, also after agent and operator began anew with none left', async () => {
    const digests = await within(30, async () => {
      const found = await named();
      expect(found).not.toContain(undefined);
      return found;
    });
    // One comes every two to four seconds.
    await within(90, () => expect(held()).toEqual(expect.arrayContaining([...digests])));
    for (const file of readdirSync(folder)) rmSync(join(folder, file));
    for (const pod of [await product.agentPod(), await product.operatorPod()]) {
      process.kill(processIn(pod), 'SIGKILL');
    }
    // The operator has to compile them again, to the same bytes.
    await within(180, () => expect(held()).toEqual(expect.arrayContaining([...digests])));
    expect(await named()).toEqual(digests);
  });
}
