/**
 * Builds images with buildah where no container engine runs: chroot isolation needs no namespaces of its own, the vfs
 * driver no overlay mounts. Each session has its own storage in a temporary folder and leaves nothing behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from './run.ts';

export interface ImageBuild {
  readonly dockerfile: string;
  readonly context: string;
  /** The first names the image, the others are further names of the same image ID. */
  readonly tags: readonly string[];
  readonly buildArguments?: Readonly<Record<string, string>>;
}

export interface Buildah {
  /** Builds one image into the session's storage. */
  build(image: ImageBuild): Promise<void>;
  /** Writes an image under all its tags as one OCI archive. */
  archive(tags: readonly string[], path: string): Promise<void>;
  /** What an image's layers weigh unpacked, in bytes. */
  size(tag: string): Promise<number>;
  /** Removes all that the session stored. */
  close(): Promise<void>;
}

const imageList = z.array(z.object({ size: z.string() }));

/** Reads "223 MB" (decimal units, three digits), the only form in which buildah tells a size. */
function byteSize(text: string): number {
  const [number, unit] = text.split(' ');
  const power = ['B', 'KB', 'MB', 'GB'].indexOf(unit ?? '');
  if (power < 0) throw new Error(`buildah told an unknown size: ${text}`);
  return Number(number) * 1000 ** power;
}

/** Opens a session with a fresh storage. Needs root and Debian's buildah. */
export async function openBuildah(): Promise<Buildah> {
  const folder = await mkdtemp(join(tmpdir(), 'workload-security-images-'));
  const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const buildah = (command: string, ...args: string[]): Promise<string> =>
    run('buildah', [...storage, command, ...args], { env: { BUILDAH_ISOLATION: 'chroot', STORAGE_DRIVER: 'vfs' } });
  return {
    build: async ({ dockerfile, context, tags, buildArguments = {} }) => {
      const values = Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
      const names = tags.flatMap((tag) => ['--tag', tag]);
      // One layer per image: the vfs driver copies the whole file system for each. Time 0: equal content, equal bytes.
      const options = ['--layers=false', '--timestamp', '0', '--pull=never', '--file', dockerfile, ...names, ...values];
      await buildah('build', ...options, context);
    },
    archive: async (tags, path) => {
      const layout = join(folder, 'layout');
      // An OCI layout takes several names of one image; an archive that buildah writes itself would take one.
      for (const tag of tags) await buildah('push', '--quiet', '--compression-level', '1', tag, `oci:${layout}:${tag}`);
      await run('tar', ['--create', '--file', path, '--directory', layout, 'oci-layout', 'index.json', 'blobs']);
      await rm(layout, { recursive: true });
    },
    size: async (tag) => {
      const [image] = imageList.parse(JSON.parse(await buildah('images', '--json', tag)));
      if (image === undefined) throw new Error(`buildah has no image ${tag}`);
      return byteSize(image.size);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
