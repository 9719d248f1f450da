import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Image } from '../../../core/image.ts';
import type { QuarantineMark } from '../../../core/profile/quarantine.ts';
import { commitOf, containerId, nginx, snapshotRecord } from '../testing/records.ts';
import { sqliteDatabase } from './database.ts';
import { migrate } from './migrations/migrate.ts';
import { profileTable } from './profiles.ts';
import { quarantineTable } from './quarantine.ts';

const limit = 8;
const imageOf = (name: string): Image => ({ name, tag: 'v1' });
const mark = (number: number) => ({ containerId: containerId(number), processId: 'p', since: 5 });

let database: DatabaseSync;
let table: ReturnType<typeof quarantineTable>;

beforeEach(() => {
  database = new DatabaseSync(':memory:');
  migrate(database);
  table = quarantineTable(database, limit);
});
afterEach(() => database.close());

/** As a first commit does. */
function learn(image: Image): void {
  const { profile, evidence } = commitOf(1, snapshotRecord({ image }));
  profileTable(database).put(profile, evidence);
  table.begin(image);
}

describe('marks of all images together', () => {
  it('become fewer in the image in which the namespace with the most has most of them', () => {
    for (const n of [1, 2, 3]) table.add(imageOf('a'), mark(n), 'tenant');
    for (const n of [1, 2]) table.add(imageOf('b'), mark(n), 'tenant');
    for (const n of [1, 2, 3]) table.add(imageOf('b'), mark(9 + n), 'shop');
    expect(table.add(imageOf('c'), mark(1), 'shop')).toBe('widened');
    expect(table.list(imageOf('a'))).toEqual([{ whole: 'namespace', namespace: 'tenant' }]);
    expect(table.list(imageOf('b'))).toHaveLength(5);
    expect(table.totals()).toMatchObject({ marks: 7, namespaces: 1, merged: 2 });
  });

  it('of a namespace in ever more images stand for all that are not learned yet, and for each as it begins', () => {
    learn(imageOf('known'));
    table.add(imageOf('known'), mark(1), 'tenant');
    table.add(imageOf('a'), mark(1), 'shop');
    for (let n = 0; n < limit; n += 1) table.add(imageOf(`flood-${n}`), mark(n), 'tenant');
    expect(table.totals()).toMatchObject({ marks: 3, unlearned: 1 });
    expect(table.list(imageOf('a'))).toEqual([mark(1)]);
    expect(table.list(imageOf('known'))).toEqual([mark(1)]);
    expect(table.add(imageOf('one-more'), mark(1), 'tenant')).toBe('known');
    expect(table.add(imageOf('known'), mark(2), 'tenant')).toBe('marked');
    const image = imageOf('flood-1');
    learn(image);
    expect(table.list(image)).toEqual([{ whole: 'namespace', namespace: 'tenant' }]);
    expect(table.remove(image)).toBe(1);
    expect(table.add(image, mark(1), 'tenant')).toBe('marked');
  });

  it('are taken over by the first commit of an image, and not again after its release', () => {
    const store = sqliteDatabase(database, ':memory:');
    database.exec("INSERT INTO quarantine VALUES ('', '', 'tenant', '', '', 0, 5, 0)");
    store.commitSnapshot(commitOf(1));
    expect(store.quarantined(nginx)).toEqual([{ whole: 'namespace', namespace: 'tenant' }]);
    expect(table.remove(nginx)).toBe(1);
    store.archive(nginx, 'relearned', 1);
    store.commitSnapshot(commitOf(1));
    expect(store.quarantined(nginx)).toEqual([]);
  });

  it('that stand for all not learned yet go when such images have not run in the namespace for long', () => {
    for (let n = 0; n <= limit; n += 1) table.add(imageOf(`flood-${n}`), mark(n), 'tenant');
    const trim = (now: number, namespace: string) =>
      table.trim({ now, before: now - 10, running: [{ image: imageOf('x'), namespace }] });
    expect([trim(100, 'tenant'), trim(120, 'tenant'), trim(130, 'shop'), trim(131, 'shop')]).toEqual([0, 0, 0, 1]);
    expect(table.totals()).toMatchObject({ marks: 0, fallen: 1 });
  });

  const holdsBack = (marks: readonly QuarantineMark[], namespace: string, id: string): boolean =>
    marks.some((one) =>
      'whole' in one ? one.whole === 'image' || one.namespace === namespace : one.containerId === id,
    );

  it('never leave one out, and have no more rows than the limit and one of each learned image', () => {
    const detection = fc.record({
      image: fc.nat({ max: 11 }),
      namespace: fc.nat({ max: 3 }),
      container: fc.nat({ max: 3 }),
      begins: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(detection, { maxLength: 60 }), (detections) => {
        database.exec('DELETE FROM quarantine; DELETE FROM profiles');
        const learned = new Set<number>();
        for (const { image, namespace, container, begins } of detections) {
          if (begins && !learned.has(image)) learn(imageOf(`i${image}`));
          if (begins) learned.add(image);
          table.add(imageOf(`i${image}`), mark(namespace * 10 + container), `n${namespace}`);
          expect(table.totals().marks).toBeLessThanOrEqual(Math.max(limit, learned.size + 1));
        }
        for (const { image, namespace, container } of detections) {
          if (!learned.has(image)) learn(imageOf(`i${image}`));
          learned.add(image);
          const marks = table.list(imageOf(`i${image}`));
          expect(holdsBack(marks, `n${namespace}`, containerId(namespace * 10 + container))).toBe(true);
        }
      }),
    );
  });
});
