/** Waiting for what an agent reports. */
import { expect, vi } from 'vitest';
import type { Machine } from './machine.ts';

export async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 150_000, interval: 100 });
}

/** @param instance of an earlier agent, whose reports do not count */
export async function ready({ operator }: Machine, instance?: string): Promise<void> {
  await until(() => {
    expect(operator.last?.capture.state).toBe('ready');
    expect(operator.last?.instance).not.toBe(instance);
  });
}
