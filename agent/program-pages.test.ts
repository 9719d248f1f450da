import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Log } from './log.ts';
import { keepProgramPagesOut, untouchedMappings } from './program-pages.ts';

const entry = (head: string, anonymous: number, swap = 0): string =>
  [
    head,
    'Size:               3352 kB',
    'Rss:                3352 kB',
    'Private_Dirty:         0 kB',
    `Anonymous:      ${String(anonymous).padStart(8)} kB`,
    'AnonHugePages:         0 kB',
    `Swap:           ${String(swap).padStart(8)} kB`,
    'SwapPss:               0 kB',
    'VmFlags: rd ex mr mw me ',
    '',
  ].join('\n');
const at = (range: string, rights: string, path: string): string =>
  `${range} ${rights} 00346000 fe:00 5317193    ${path}`;

it('finds code and constants of the program, and nothing that was ever written to', () => {
  const smaps = [
    entry(at('00400000-00746000', 'r--p', '/opt/my node'), 0),
    entry(at('0074a000-03044000', 'r-xp', '/opt/my node'), 0),
    entry(at('06b52000-06b56000', 'r--p', '/opt/my node'), 8),
    entry(at('06b56000-06b7d000', 'rw-p', '/opt/my node'), 0),
    entry(at('07000000-07001000', 'r--p', '/opt/my node'), 0, 4),
    entry(at('08000000-08001000', 'r--s', '/opt/my node'), 0),
    entry(at('09000000-09001000', 'r-xp', '/lib/other'), 0),
    entry(at('0a000000-0a001000', 'r-xp', ''), 0),
    entry(at('7fffffffe000-7ffffffff000', 'r-xp', '/opt/my node'), 0),
  ].join('');
  expect(untouchedMappings(smaps, '/opt/my node')).toEqual([
    { start: 0x400000n, length: 0x346000 },
    { start: 0x74a000n, length: 0x28fa000 },
    { start: 0x7fffffffe000n, length: 0x1000 },
  ]);
});

it('leaves alone what says too little of itself', () => {
  const head = at('00400000-00746000', 'r-xp', '/opt/node');
  expect(untouchedMappings(`${head}\nRss: 1 kB\n`, '/opt/node')).toEqual([]);
  expect(untouchedMappings(`${head}\nAnonymous:  x kB\nSwap: 0 kB\n`, '/opt/node')).toEqual([]);
  expect(untouchedMappings('', '/opt/node')).toEqual([]);
});

/** Works before and after, with what it knew and with code that it never ran before. */
const program = `
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { dropProgramPages } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'program-pages.ts')).href)};
const filePages = () => Number(/^RssFile:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]);
const work = () => createHash('sha256').update(JSON.stringify(Array.from({ length: 1_000 }, Math.sqrt))).digest('hex');
const worked = [work()];
const before = filePages();
dropProgramPages();
const after = filePages();
for (let round = 0; round < 3; round += 1) {
  worked.push(work());
  dropProgramPages();
}
const text = 'x'.repeat(100_000);
const packed = zstdDecompressSync(zstdCompressSync(text)).toString() === text;
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ before, after, works: packed && new Set(worked).size === 1 }));`;

it('makes a process smaller that goes on working', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  const { before, after, works } = z
    .object({ before: z.number(), after: z.number(), works: z.boolean() })
    .parse(JSON.parse(output));
  expect(works).toBe(true);
  expect(after).toBeLessThan(before / 2);
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('ends with its signal', () => {
  const end = new AbortController();
  const messages: string[] = [];
  const write: Log['warn'] = (_, message) => void messages.push(message);
  keepProgramPagesOut({ debug: write, info: write, warn: write, error: write }, end.signal);
  vi.advanceTimersByTime(200_000);
  expect([vi.getTimerCount(), messages]).toEqual([1, []]);
  end.abort();
  expect(vi.getTimerCount()).toBe(0);
});
