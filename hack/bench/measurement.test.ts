import { expect, test } from 'vitest';
import { type Measurement, render, verdict } from './measurement.ts';

const row: Measurement = { what: 'open and close', value: 1.5834, unit: 'ratio' };

test('a budget is kept from its own side, and without one there is nothing to keep', () => {
  expect(verdict({ ...row, budget: { atMost: 1.6 } })).toBe('pass');
  expect(verdict({ ...row, budget: { atMost: 1.58 } })).toBe('FAIL');
  expect(verdict({ ...row, budget: { atLeast: 1.6 } })).toBe('FAIL');
  expect(verdict(row)).toBe('');
});

test('one line of JSON for each row, then a table with spread, budget and verdict', () => {
  const spread = { low: 1.2, high: 12.345, count: 15 };
  const rows: Measurement[] = [
    { ...row, spread, budget: { atMost: 1.6 }, note: 'noisy' },
    { ...row, value: 300, unit: 'containers' },
  ];
  const [first, second, empty, ...table] = render(rows).split('\n');
  expect(JSON.parse(first ?? '')).toEqual({ ...rows[0], verdict: 'pass' });
  expect(JSON.parse(second ?? '')).toEqual(rows[1]);
  expect(empty).toBe('');
  expect(table).toEqual([
    'what            value  unit        spread (n)      budget',
    'open and close  1.58   ratio       1.20–12.3 (15)  <= 1.6  pass  noisy',
    'open and close  300    containers',
  ]);
});
