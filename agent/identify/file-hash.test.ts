import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileFacts } from '../../core/event/event.ts';
import { createFileHasher } from './file-hash.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-hash-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function mountOf(path: string): number {
  const fd = openSync(path, 'r');
  try {
    return Number(/^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]);
  } finally {
    closeSync(fd);
  }
}

/** As the kernel side would tell them now. */
function factsOf(path: string, changed: Partial<FileFacts> = {}): FileFacts {
  const { ino, mode, uid, gid, mtimeNs, ctimeNs, dev } = statSync(path, { bigint: true });
  return {
    inode: Number(ino),
    device: Number(dev),
    mode: Number(mode),
    uid: Number(uid),
    gid: Number(gid),
    mountId: mountOf(path),
    filesystem: 'ext4',
    modifiedAt: Number(mtimeNs) / 1e6,
    changedAt: Number(ctimeNs) / 1e6,
    inUpperLayer: false,
    ...changed,
  };
}

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const { pid } = process;
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

describe('the hash', () => {
  test('of a file by its path, of a name that is not text, and of what a process executes', async () => {
    const hasher = createFileHasher();
    const path = write('a\u009b', 'content');
    const escaped = `${folder}/a\\xc2\\x9b`;
    expect(await hasher.hash({ pid, path: escaped, facts: factsOf(path) })).toBe(sha256('content'));
    expect(await hasher.hash({ pid, facts: factsOf(process.execPath) }).catch((error: unknown) => error)).toMatchObject(
      { reason: 'too-large' },
    );
    const larger = createFileHasher({ maxBytes: 1 << 30, sleep: () => Promise.resolve() });
    const own = await larger.hash({ pid, facts: factsOf(process.execPath) });
    expect(own).toBe(sha256(readFileSync(process.execPath)));
  });

  test('is kept for as long as the file stays the same', async () => {
    const slept: number[] = [];
    const hasher = createFileHasher({ bytesPerSecond: 1_000, sleep: (time) => Promise.resolve(slept.push(time)) });
    const path = write('kept', 'x'.repeat(500));
    const facts = factsOf(path);
    const first = await hasher.hash({ pid, path, facts });
    expect(await hasher.hash({ pid, path, facts })).toBe(first);
    expect(slept).toEqual([500]);
  });
});

describe('no hash', () => {
  const reason = async (path: string, facts: FileFacts, options = {}): Promise<unknown> => {
    const hasher = createFileHasher(options);
    const outcome: unknown = await hasher.hash({ pid, path, facts }).catch((error: unknown) => error);
    return outcome instanceof Error && 'reason' in outcome ? outcome.reason : outcome;
  };

  test('of a file that is gone, replaced, written to, or larger than the limit', async () => {
    const path = write('victim', 'old');
    const facts = factsOf(path);
    expect(await reason(path, facts, { maxBytes: 2 })).toBe('too-large');
    renameSync(write('other', 'new'), path);
    expect(await reason(path, facts)).toBe('changed');
    expect(await reason(path, { ...factsOf(path), modifiedAt: 1 })).toBe('changed');
    expect(await reason(path, { ...factsOf(path), mountId: 1 << 30 })).toBe('changed');
    rmSync(path);
    expect(await reason(path, facts)).toBe('gone');
  });

  test('of a link, a FIFO, a device and a folder, without waiting for them', async () => {
    const path = write('target', 'x');
    const facts = factsOf(path);
    symlinkSync(path, join(folder, 'link'));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    for (const other of ['link', 'fifo', '.']) expect(await reason(join(folder, other), facts)).toBe('no-local-file');
    expect(await reason('/dev/zero', facts)).toBe('no-local-file');
  });

  test('on file systems that could let us wait', async () => {
    const path = write('remote', 'x');
    expect(await reason(path, factsOf(path, { filesystem: 'fuse' }))).toBe('no-local-file');
  });

  test('when too many wait; those that wait get theirs', async () => {
    const hasher = createFileHasher({ queueLength: 2 });
    const paths = ['1', '2', '3'].map((name) => write(name, name));
    const outcomes = await Promise.allSettled(paths.map((path) => hasher.hash({ pid, path, facts: factsOf(path) })));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(hasher.refusals).toMatchObject({ busy: 1, gone: 0 });
  });

  test('of a file that is written to while it is read', async () => {
    const path = write('growing', 'x'.repeat(10));
    const touch = () => Promise.resolve(writeFileSync(path, 'y'));
    expect(await reason(path, factsOf(path), { sleep: touch })).toBe('changed');
  });
});
