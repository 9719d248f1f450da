import { expect, it } from 'vitest';
import { changedBy } from './changes.ts';
import { parseLine } from './parse-line.ts';

const refusals = new Set(['EACCES']);

function uses(line: string): string[] {
  const call = parseLine(`1.0 ${line}`);
  if (call === undefined) throw new Error(`no call: ${line}`);
  const traced = { ...call, executable: '/bin/x', cwd: '/home', process: '1' };
  return changedBy(traced, refusals).map(({ bytes, accesses }) => `${bytes.toString()} ${accesses.join()}`);
}

it('tells what a call did to which names', () => {
  expect(uses('unlink("a") = 0')).toEqual(['/home/a delete']);
  expect(uses('unlinkat(3</etc>, "../b/", 0) = 0')).toEqual(['/b delete']);
  expect(uses('symlinkat("/target", AT_FDCWD</tmp>, "l") = 0')).toEqual(['/tmp/l create']);
  expect(uses('linkat(AT_FDCWD</tmp>, "a", 3</etc>, "b", 0) = 0')).toEqual(['/etc/b create']);
  expect(uses('renameat2(AT_FDCWD</tmp>, "a", AT_FDCWD</tmp>, "b", RENAME_NOREPLACE) = 0')).toEqual([
    '/tmp/a rename',
    '/tmp/b create',
  ]);
  expect(uses('renameat2(AT_FDCWD</tmp>, "a", AT_FDCWD</tmp>, "b", RENAME_EXCHANGE) = 0')).toEqual([
    '/tmp/a rename,create',
    '/tmp/b rename,create',
  ]);
  expect(uses('ftruncate(3</tmp/f>, 0) = 0')).toEqual(['/tmp/f write']);
  expect(uses('utimensat(3</tmp/f>, NULL, NULL, 0) = 0')).toEqual(['/tmp/f attributes']);
});

it('of failed calls only what was refused', () => {
  expect(uses('link("/a", "b") = -1 EACCES (Permission denied)')).toEqual(['/a denied']);
  expect(uses('rename("a", "b") = -1 EACCES (Permission denied)')).toEqual(['/home/a denied']);
  expect(uses('mkdir("a", 0755) = -1 EEXIST (File exists)')).toEqual([]);
  expect(uses('chmod("a", 0755) = ? ERESTARTSYS')).toEqual([]);
  expect(uses('openat(AT_FDCWD</>, "a", O_RDONLY) = 3</a>')).toEqual([]);
});
