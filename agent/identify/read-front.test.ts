import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFront } from './read-front.ts';

test('all of a short file, the beginning of a long one, also where no size is told', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wsp-front-'));
  const path = join(directory, 'file');
  writeFileSync(path, 'x'.repeat(200_000));
  expect(readFront(path, 300_000).length).toBe(200_000);
  expect(readFront(path, 100_000).length).toBe(100_000);
  expect(readFront('/proc/self/status', 5).toString()).toBe('Name:');
  expect(() => readFront(join(directory, 'nothing'), 1)).toThrow(/ENOENT/);
  rmSync(directory, { recursive: true });
});
