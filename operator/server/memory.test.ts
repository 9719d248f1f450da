import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemoryWatch, processMemory } from './memory.ts';

describe('MemoryWatch', () => {
  it('finds memory scarce from 85 % of the limit on, and looks anew four times a second', async () => {
    const clock = new FakeClock();
    let used = 849;
    const watch = new MemoryWatch({ limitBytes: 1_000, usedBytes: () => used }, clock);
    expect(watch.isScarce).toBe(false);
    used = 850;
    expect(watch.isScarce).toBe(false);
    await clock.advance(250);
    expect(watch.isScarce).toBe(true);
    used = 0;
    expect(watch.isScarce).toBe(true);
    await clock.advance(250);
    expect(watch.isScarce).toBe(false);
  });
});

describe('processMemory', () => {
  it('counts what this process holds, below a limit', () => {
    const memory = processMemory();
    const before = memory.usedBytes();
    expect(before).toBeGreaterThan(10 * 1024 * 1024);
    expect(memory.limitBytes).toBeGreaterThan(before);
    const held = Buffer.alloc(64 * 1024 * 1024, 1);
    expect(memory.usedBytes() - before).toBeGreaterThan(held.length / 2);
  });
});
