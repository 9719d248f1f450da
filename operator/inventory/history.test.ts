import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

const hour = 3_600_000;
const [a, b] = [{ id: 'a' }, { id: 'b' }];

describe('history of an address', () => {
  it('tells the newer of two who had it at once: the end of the older was seen late', () => {
    const history = new History();
    history.begin('10.0.0.1', a, 0);
    history.begin('10.0.0.1', b, 50 * hour);
    history.end('10.0.0.1', 'a', 51 * hour);
    expect(history.at('10.0.0.1', 50.5 * hour)).toEqual([b, a]);
    expect(history.at('10.0.0.1', 49 * hour)).toEqual([a]);
  });

  it('knows one owner once, however often it begins, and what is new about it', () => {
    const history = new History<{ id: string; ports: number }>();
    history.begin('10.0.0.1', { id: 'a', ports: 1 }, 0);
    history.begin('10.0.0.1', { id: 'a', ports: 2 }, 5);
    expect(history.at('10.0.0.1', 2)).toEqual([{ id: 'a', ports: 2 }]);
  });

  it('forgets after 25 hours what has ended, and never what lasts', () => {
    const history = new History();
    history.begin('10.0.0.1', a, 0);
    history.end('10.0.0.1', 'a', hour);
    history.begin('10.0.0.2', b, 0);
    history.begin('10.0.0.3', b, 0);
    history.end('10.0.0.3', 'b', 26 * hour);
    expect(history.at('10.0.0.1', 0)).toEqual([a]);
    history.begin('10.0.0.4', b, 0);
    history.end('10.0.0.4', 'b', 26 * hour + 1);
    expect(history.isNew('10.0.0.1')).toBe(true);
    expect(history.at('10.0.0.2', 0)).toEqual([b]);
    expect(history.forgotten).toBe(0);
  });

  it('forgets the first that ended, and counts it, when too much has ended', () => {
    const history = new History(2);
    for (const [at, key] of ['x', 'y', 'z'].entries()) {
      history.begin(key, a, 0);
      history.end(key, 'a', at);
    }
    expect(['x', 'y', 'z'].map((key) => history.isNew(key))).toEqual([true, false, false]);
    expect(history.forgotten).toBe(1);
  });
});
