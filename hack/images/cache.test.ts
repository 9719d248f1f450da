import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cachedFile, contentKey } from './cache.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wsp-image-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function tree(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, name, 'source');
  await mkdir(join(path, 'inner'), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
}

describe('contentKey', () => {
  test('is the same for the same content in another checkout', async () => {
    const files = { Dockerfile: 'FROM scratch', 'inner/run.sh': 'exit 0' };
    expect(await contentKey([await tree('a', files)])).toBe(await contentKey([await tree('b', files)]));
  });

  test('changes with a byte, a name, an executable bit and a value', async () => {
    const original = await tree('a', { 'inner/run.sh': 'exit 0' });
    const executable = await tree('d', { 'inner/run.sh': 'exit 0' });
    await chmod(join(executable, 'inner/run.sh'), 0o755);
    const keys = await Promise.all([
      contentKey([original]),
      contentKey([original], ['v1']),
      contentKey([await tree('b', { 'inner/run.sh': 'exit 1' })]),
      contentKey([await tree('c', { 'run.sh': 'exit 0' })]),
      contentKey([executable]),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('tells any two lists of values apart, however their parts join', async () => {
    const values = fc.array(fc.string(), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(values, values, async (a, b) => {
        const equal = JSON.stringify(a) === JSON.stringify(b);
        expect((await contentKey([], a)) === (await contentKey([], b))).toBe(equal);
      }),
    );
  });
});

describe('cachedFile', () => {
  const target = { folder: 'images', name: 'operator', key: '0123456789abcdef', extension: '.tar' };
  const write =
    (text: string) =>
    (path: string): Promise<void> =>
      writeFile(path, text);

  test('makes a file once', async () => {
    const first = await cachedFile(target, write('content'));
    const second = await cachedFile(target, () => Promise.reject(new Error('made again')));
    expect([first.made, second.made]).toEqual([true, false]);
    expect(await readFile(second.path, 'utf8')).toBe('content');
  });

  test('leaves nothing behind when making fails half-way, and tries again', async () => {
    const failing = async (path: string): Promise<void> => {
      await writeFile(path, 'half');
      throw new Error('disk full');
    };
    await expect(cachedFile(target, failing)).rejects.toThrow('disk full');
    expect(await readdir(join(folder, 'cache/workload-security/images'))).toEqual([]);
    expect((await cachedFile(target, write('whole'))).made).toBe(true);
  });

  test('keeps one version of a name, and other names beside it', async () => {
    await cachedFile({ ...target, name: 'operator-tools' }, write('other'));
    await cachedFile(target, write('old'));
    await cachedFile({ ...target, key: 'fedcba9876543210' }, write('new'));
    expect((await readdir(join(folder, 'cache/workload-security/images'))).sort()).toEqual([
      'operator-fedcba9876543210.tar',
      'operator-tools-0123456789abcdef.tar',
    ]);
  });
});
