import { expect, it } from 'vitest';
import { EarlierSlots } from './earlier-slots.ts';

it('takes each slot once, and three of a container', () => {
  const slots = new EarlierSlots();
  for (const slotId of ['a', 'b', 'c']) {
    expect(slots.look(slotId, 'one')).toEqual({ state: 'earlier' });
    slots.complete(slotId, 'one');
    expect(slots.look(slotId, 'one')).toEqual({ state: 'completed' });
  }
  expect(slots.look('d', 'one')).toBeUndefined();
  expect(slots.look('a', 'two')).toEqual({ state: 'earlier' });
});

it('remembers no more containers than it may', () => {
  const slots = new EarlierSlots();
  for (let number = 0; number < 20_000; number += 1) slots.complete('a', `container-${number}`);
  expect(slots.look('a', 'another')).toBeUndefined();
  expect(slots.look('b', 'container-7')).toEqual({ state: 'earlier' });
});
