import { expect, test } from 'vitest';
import { alternate, ratio } from './paired.ts';

test('each round runs all configurations and begins with another one; ratios are those of the rounds', async () => {
  const order: string[] = [];
  let load = 1;
  const measured = (name: string, cost: number) => ({
    name,
    measure: async () => {
      order.push(name);
      return { call: cost * load };
    },
  });
  const progress = (text: string): void => {
    // Another machine in each round: it must not show in the ratio.
    if (text.includes('round 2')) load = 10;
  };
  const series = await alternate([measured('none', 2), measured('agent', 3), measured('peer', 8)], 3, progress);
  expect(order.join(' ')).toBe('none agent peer agent peer none peer none agent');
  expect(ratio(series, 'call', 'agent', 'none')).toEqual({ median: 1.5, low: 1.5, high: 1.5, count: 3 });
  expect(() => ratio(series, 'cal', 'agent', 'none')).toThrow('no figure "cal" of "none"');
});
