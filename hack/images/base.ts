/**
 * Base root file systems as tar files, made from Debian's packages without a registry. The same recipe is built once per
 * machine; a newer state of Debian comes with a new recipe or after `make clean-cache`.
 */
import { fileURLToPath } from 'node:url';
import { cachedFile, contentKey, type CachedFile } from './cache.ts';
import { run } from './run.ts';

export type BaseName = 'product' | 'samples';

interface Recipe {
  readonly arguments: readonly string[];
  /** Scripts that the arguments name: their content belongs to the recipe. */
  readonly files: readonly string[];
}

export const suite = 'bookworm';
const hook = fileURLToPath(new URL('product-base-hook.sh', import.meta.url));

/** Leaves out half of the files of a small Debian, which no sample reads; holds for what is installed later, too. */
export const packageOptions = [
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-exclude=/usr/share/bash-completion/*',
  'path-exclude=/usr/share/lintian/*',
  'path-exclude=/usr/lib/x86_64-linux-gnu/gconv/*',
  'path-exclude=/usr/share/zoneinfo/posix/*',
  'path-exclude=/usr/share/zoneinfo/right/*',
  // An image that a crash cuts short is built again: no need to wait for the disk at every file.
  'force-unsafe-io',
].map((option) => `--dpkgopt=${option}`);

const recipes: Readonly<Record<BaseName, Recipe>> = {
  // Packages are unpacked, not configured: neither shell nor package manager is needed, and 13 MB remain. The hook cleans
  // up in place of mmdebstrap, which would look for files that are gone then.
  product: {
    arguments: [
      '--variant=extract',
      '--skip=output/dev,cleanup',
      '--include=libc6,libstdc++6,ca-certificates',
      `--extract-hook=${hook}`,
    ],
    files: [hook],
  },
  // A small but complete Debian: the samples shall behave like images that people run.
  samples: {
    arguments: [
      '--variant=minbase',
      // Merged /usr from the start: the package that merges it later brings perl along, 2,000 files.
      '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
      '--include=usr-is-merged',
      ...packageOptions,
    ],
    files: [],
  },
};

/** The tar file of a base, made if needed (product: 3 s, samples: 15 s). Needs root and Debian's mmdebstrap. */
export async function baseTar(base: BaseName): Promise<CachedFile> {
  const recipe = recipes[base];
  // Paths of this checkout do not belong to the key.
  const words = recipe.arguments.map((word) => word.replace(hook, 'hook'));
  const key = await contentKey(recipe.files, [suite, ...words]);
  return cachedFile({ folder: 'images', name: `base-${base}`, key, extension: '.tar' }, async (path) => {
    await run('mmdebstrap', ['--mode=root', '--format=tar', ...recipe.arguments, suite, path], {
      env: { SOURCE_DATE_EPOCH: '0' },
    });
  });
}
