import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Counters } from '../counters.ts';
import { AliveMark } from './alive-mark.ts';

const now = 1_800_000_000_000;
let directory: string;
let path: string;
let counters: Counters;
let logged: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsp-alive-'));
  path = join(directory, 'state/alive');
  counters = new Counters();
  logged = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

function open(): AliveMark {
  const write = (_: unknown, message: string): void => void logged.push(message);
  return new AliveMark({ path, counters, log: { debug: write, info: write, warn: write, error: write } });
}

it('tells the next agent, at most every 10 s', () => {
  const first = open();
  expect(first.last).toBeUndefined();
  for (const at of [0, 9_999, 10_001, 15_000]) first.beat(now + at);
  const second = open();
  expect([first.last, second.last]).toEqual([undefined, now + 10_001]);
  second.set(now + 15_001);
  expect(open().last).toBe(now + 15_001);
  expect(logged).toEqual([]);
});

it('goes on when the clock is set back', () => {
  const mark = open();
  mark.beat(now);
  mark.beat(now - 3_600_000);
  expect(open().last).toBe(now - 3_600_000);
});

it.each(['', '123\n', 'x'.repeat(16), '00180000000000'])('knows nothing from %j, and says so', (content) => {
  mkdirSync(join(directory, 'state'));
  writeFileSync(path, content);
  expect(open().last).toBeUndefined();
  expect(logged).toEqual(['how long this node was not watched is not known']);
});

it('counts what it cannot write', () => {
  writeFileSync(join(directory, 'state'), '');
  chmodSync(join(directory, 'state'), 0o400);
  open().beat(now);
  expect(counters.toJSON()).toEqual({ state_failures_total: 1 });
  expect(readFileSync(join(directory, 'state'), 'utf8')).toBe('');
});
