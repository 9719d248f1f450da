import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteGate } from './byte-gate.ts';

it('never holds more than its limit, or one that is larger, and lets everybody in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 20 }), async (sizes) => {
      const gate = new ByteGate(10);
      const inside = new Set<{ readonly bytes: number }>();
      const order: number[] = [];
      const all = sizes.map(async (bytes, index) => {
        const leave = await gate.enter(bytes);
        const work = { bytes };
        inside.add(work);
        order.push(index);
        const together = [...inside].reduce((sum, one) => sum + one.bytes, 0);
        expect(together <= 10 || [...inside].filter((one) => one.bytes > 0).length === 1).toBe(true);
        await setImmediate();
        inside.delete(work);
        leave();
      });
      await Promise.all(all);
      expect(order).toEqual(sizes.map((_, index) => index));
    }),
  );
});
