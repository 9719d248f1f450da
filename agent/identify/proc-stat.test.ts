import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { oldestStart, parseStat } from './proc-stat.ts';

it('reads start and terminal behind a name that looks like fields', () => {
  const rest = 'S 1 7 7 34816 7 4194304 0 0 0 0 0 0 0 0 20 0 1 0 12345 1000 100 18446744073709551615';
  expect(parseStat(`7 (a) S 9 (b) ) ${rest}\n`)).toEqual({ startSeconds: 123.45, terminal: true });
  expect(parseStat(`7 (a) ${rest.replace('34816', '0')}\n`)).toMatchObject({ terminal: false });
});

it('knows when a container began by its oldest process', async () => {
  const before = Date.now();
  const child = spawn('/bin/sleep', ['60']);
  await once(child, 'spawn');
  const after = Date.now();
  const own = oldestStart('/proc', [child.pid ?? 0]) ?? 0;
  expect(own).toBeGreaterThan(before - 50);
  expect(own).toBeLessThan(after + 50);
  expect(oldestStart('/proc', [child.pid ?? 0, process.pid])).toBeLessThan(before);
  expect(oldestStart('/proc', [2 ** 22 + 1])).toBeUndefined();
  child.kill('SIGKILL');
});
