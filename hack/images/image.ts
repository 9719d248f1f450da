/** An image of ours, as a recipe: where its archive lies in the cache, and how it is made if it is not there. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baseTar, type BaseName } from './base.ts';
import { openBuildah, type Buildah } from './buildah.ts';
import { cachedFile, contentKey, type CachedFile } from './cache.ts';

export interface Image {
  /** Name of the archive in the cache. */
  readonly name: string;
  /** All of them name one and the same image ID. */
  readonly tags: readonly [string, ...string[]];
  readonly dockerfile: string;
  readonly base: BaseName;
  /** Files and folders whose content decides whether the image is still right. */
  readonly inputs: readonly string[];
  readonly buildArguments: Readonly<Record<string, string>>;
  /** Dockerfile of the base as an image of its own; absent if this image adds `base.tar` itself. */
  readonly baseDockerfile?: string;
  /** Fills the build context, an empty folder. */
  readonly fillContext: (folder: string) => Promise<void>;
}

export interface Archive extends CachedFile {
  readonly image: Image;
  /** Absent if the archive was there already. */
  readonly built?: { readonly seconds: number; /** Unpacked. */ readonly bytes: number };
}

const baseTag = 'localhost/workload-security/base:build';

async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'workload-security-context-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function addBase(image: Image, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await cp((await baseTar(image.base)).path, join(folder, 'base.tar'));
}

/** Writes the build context of an image that adds its base itself: all that `docker build` or `buildah build` needs. */
export async function writeContext(image: Image, folder: string): Promise<void> {
  await addBase(image, folder);
  await image.fillContext(folder);
}

/** Builds base images once per session: unpacking one costs as much as installing a server. */
function builder(buildah: Buildah): (image: Image, path: string) => Promise<number> {
  const bases = new Set<string>();
  const buildBase = async (image: Image, dockerfile: string): Promise<void> => {
    if (bases.has(dockerfile)) return;
    await inTemporaryFolder(async (context) => {
      await addBase(image, context);
      await buildah.build({ dockerfile, context, tags: [baseTag] });
    });
    bases.add(dockerfile);
  };
  return async (image, path) => {
    const { dockerfile, tags, buildArguments, baseDockerfile } = image;
    if (baseDockerfile !== undefined) await buildBase(image, baseDockerfile);
    await inTemporaryFolder(async (context) => {
      if (baseDockerfile === undefined) await addBase(image, context);
      await image.fillContext(context);
      const base: Record<string, string> = baseDockerfile === undefined ? {} : { BASE: baseTag };
      await buildah.build({ dockerfile, context, tags, buildArguments: { ...buildArguments, ...base } });
    });
    await buildah.archive(tags, path);
    return buildah.size(tags[0]);
  };
}

async function imageKey(image: Image): Promise<string> {
  const base = await baseTar(image.base);
  // How images are built and written is part of what they are.
  const buildahSource = fileURLToPath(new URL('buildah.ts', import.meta.url));
  const files = [
    buildahSource,
    image.dockerfile,
    ...(image.baseDockerfile === undefined ? [] : [image.baseDockerfile]),
  ];
  const values = [base.path, ...image.tags, ...Object.entries(image.buildArguments).flat()];
  return contentKey([...files, ...image.inputs], values);
}

/** The OCI archives of images one after the other, built unless the cache has one of the same content. */
export async function* imageArchives(images: readonly Image[]): AsyncGenerator<Archive> {
  const session = await openBuildah();
  try {
    const build = builder(session);
    for (const image of images) {
      const start = performance.now();
      let bytes = 0;
      const target = { folder: 'images', name: image.name, key: await imageKey(image), extension: '.oci.tar' };
      const file = await cachedFile(target, async (path) => {
        bytes = await build(image, path);
      });
      const built = { seconds: (performance.now() - start) / 1000, bytes };
      yield { ...file, image, ...(file.made ? { built } : {}) };
    }
  } finally {
    await session.close();
  }
}
