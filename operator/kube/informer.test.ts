import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { FakeClock } from '../testing/fake-clock.ts';
import { GoneError, RetryableError } from './errors.ts';
import { createInformer, zodProjection, type Change, type InformerOptions } from './informer.ts';
import { createKubeMetrics } from './metrics.ts';
import { ScriptedSource } from './testing/scripted-source.ts';

const projection = z.object({ spec: z.object({ node: z.string() }) }).transform(({ spec }) => spec.node);

const object = (name: string, version: number, node: unknown = 'n1', uid = name) => ({
  metadata: { name, namespace: 'ns', uid, resourceVersion: String(version), managedFields: ['long'] },
  spec: { node },
});
const page = (version: number, ...items: unknown[]) => ({ resourceVersion: String(version), items });

function start(pages: ScriptedSource['pages'], overrides: Partial<InformerOptions<string>> = {}) {
  const clock = new FakeClock();
  const source = new ScriptedSource();
  source.pages = pages;
  const metrics = createKubeMetrics(new Registry());
  const informer = createInformer<string>(
    {
      name: 'things',
      source,
      project: zodProjection(projection),
      indexes: { node: (node) => [node] },
      resyncMs: 3_600_000,
      ...overrides,
    },
    { clock, random: () => 0, metrics, log: pino({ level: 'silent' }) },
  );
  const changes: string[] = [];
  const describeChange = (change: Change<string>): string =>
    `${change.type} ${change.key} ${change.type === 'updated' ? `${change.old}>` : ''}${change.value}`;
  informer.subscribe((change) => changes.push(describeChange(change)));
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
    expect(clock.pending).toBe(0);
  });
  return { clock, source, metrics, informer, changes };
}

describe('an informer', () => {
  it('reads all pages before it is synced, and watches from the version of the list', async () => {
    const { clock, source, informer } = start([
      { ...page(7, object('a', 1)), next: 'token' },
      page(7, object('b', 2, 'n2')),
    ]);
    await informer.synced;
    await clock.settle();
    expect(source.lists).toEqual([undefined, 'token']);
    expect(informer.list()).toEqual(['n1', 'n2']);
    expect(informer.byIndex('node', 'n2')).toEqual(['n2']);
    expect(source.open.from).toBe('7');
  });

  it('follows additions, changes, deletions and keeps its indexes', async () => {
    const { clock, source, informer, changes } = start([page(1)]);
    await clock.settle();
    source.open.send({ type: 'ADDED', object: object('a', 2) });
    source.open.send({ type: 'MODIFIED', object: object('a', 3, 'n2') });
    expect([informer.byIndex('node', 'n1'), informer.byIndex('node', 'n2')]).toEqual([[], ['n2']]);
    source.open.send({ type: 'DELETED', object: object('a', 4, 'n2') });
    expect(changes).toEqual(['added ns/a n1', 'updated ns/a n1>n2', 'deleted ns/a n2']);
    expect(informer.byIndex('node', 'n2')).toEqual([]);
  });

  it('goes on from the last bookmark after a quiet end, without listing', async () => {
    const { clock, source } = start([page(1)]);
    await clock.settle();
    source.open.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '50' } } });
    await clock.advance(25_000);
    source.open.end();
    await clock.settle();
    expect(source.open.from).toBe('50');
    expect(source.lists).toHaveLength(1);
  });

  it('takes everything anew from all objects when somebody wants that, at the end of the watch', async () => {
    let prefix = '';
    const project: InformerOptions<string>['project'] = (raw) => {
      const parsed = projection.safeParse(raw);
      return parsed.success ? { ok: true, value: prefix + parsed.data } : { ok: false, problem: 'no object' };
    };
    const { clock, source, informer, changes } = start([page(1, object('a', 1)), page(2, object('a', 1))], { project });
    await clock.settle();
    prefix = 'new-';
    informer.relist();
    expect(source.lists).toHaveLength(1);
    await clock.advance(25_000);
    source.open.end();
    await clock.settle();
    expect(changes).toEqual(['added ns/a n1', 'updated ns/a n1>new-n1']);
    await clock.advance(25_000);
    source.open.end();
    await clock.settle();
    expect(source.lists).toHaveLength(2);
  });

  it('lists again after 410 and reports what it missed as differences', async () => {
    const { clock, source, changes } = start([
      page(1, object('a', 1), object('b', 1)),
      page(9, object('b', 8, 'n3'), object('c', 9), object('d', 9)),
    ]);
    await clock.settle();
    changes.length = 0;
    source.open.end(new GoneError('too old', 410, 'Expired'));
    await clock.advance(800);
    expect(changes).toEqual(['updated ns/b n1>n3', 'added ns/c n1', 'added ns/d n1', 'deleted ns/a n1']);
    expect(source.open.from).toBe('9');
  });

  it('tells a recreated object from a changed one', async () => {
    const { clock, source, changes } = start([page(1, object('a', 1)), page(9, object('a', 9, 'n1', 'other'))]);
    await clock.settle();
    source.open.end(new GoneError('too old', 410, 'Expired'));
    await clock.advance(800);
    expect(changes).toEqual(['added ns/a n1', 'deleted ns/a n1', 'added ns/a n1']);
  });

  it('waits longer after every error, keeps its version, and lists after the fifth', async () => {
    const { clock, source } = start([page(1)]);
    const opened: number[] = [];
    const began = clock.monotonic();
    await clock.settle();
    for (let failure = 1; failure <= 5; failure += 1) {
      source.open.end(new RetryableError('connection refused', 0, ''));
      const before = source.watches.length;
      while (source.watches.length === before) await clock.advance(100);
      opened.push(clock.monotonic() - began);
    }
    expect(opened).toEqual([400, 1_200, 2_800, 6_000, 12_400]);
    expect(source.lists).toHaveLength(2);
  });

  it('does not spin on watches that end as soon as they begin', async () => {
    const { clock, source } = start([page(1)]);
    await clock.settle();
    for (let turn = 0; turn < 200; turn += 1) {
      source.open.end();
      await clock.advance(100);
    }
    expect(source.watches.length).toBeLessThan(12);
  });

  it('comes up although the first lists fail', async () => {
    const { clock, informer } = start([
      new RetryableError('refused', 0, ''),
      new GoneError('page', 410, ''),
      page(3, object('a', 1)),
    ]);
    await clock.advance(5_000);
    await informer.synced;
    expect(informer.size).toBe(1);
  });

  it('comes up although a projection chokes on an object', async () => {
    const project = (raw: unknown) => {
      if (JSON.stringify(raw).includes('choke')) throw new RangeError('no such digest');
      return { ok: true as const, value: 'good' };
    };
    const { informer, metrics } = start([page(2, object('choke', 1), object('fine', 2))], { project });
    await informer.synced;
    expect(informer.list()).toEqual(['good']);
    expect((await metrics.informerSkipped.get()).values).toMatchObject([
      { labels: { reason: 'unparsable' }, value: 1 },
    ]);
  });

  it('counts objects that it cannot parse and keeps what it knew of them, also over a list', async () => {
    const { clock, source, informer, metrics } = start([
      page(1, object('a', 1), 'nonsense'),
      page(9, object('a', 8, 42)),
    ]);
    await clock.settle();
    source.open.send({ type: 'MODIFIED', object: object('a', 2, { not: 'text' }) });
    expect(informer.get('ns/a')).toBe('n1');
    source.open.end(new GoneError('too old', 410, 'Expired'));
    await clock.advance(800);
    expect(informer.get('ns/a')).toBe('n1');
    expect((await metrics.informerSkipped.get()).values).toEqual([
      { labels: { resource: 'things', reason: 'unparsable' }, value: 3 },
    ]);
  });

  it('holds no more than its limit and counts the rest', async () => {
    const { clock, informer, metrics } = start([page(1, object('a', 1), object('b', 1), object('c', 1))], {
      maxObjects: 2,
    });
    await clock.settle();
    expect(informer.size).toBe(2);
    expect((await metrics.informerSkipped.get()).values[0]?.labels.reason).toBe('full');
  });

  it('survives handlers that throw, and tells late subscribers what is there', async () => {
    const { clock, informer, source, metrics } = start([page(1, object('a', 1))]);
    await clock.settle();
    const late: string[] = [];
    informer.subscribe(() => {
      throw new Error('handler');
    });
    informer.subscribe(({ type, key }) => late.push(`${type} ${key}`));
    source.open.send({ type: 'ADDED', object: object('b', 2) });
    expect(late).toEqual(['added ns/a', 'added ns/b']);
    expect((await metrics.handlerFailures.get()).values[0]?.value).toBe(2);
  });

  it('hands every key out again at each resync', async () => {
    const { clock, changes } = start([page(1, object('a', 1))], { resyncMs: 1_000 });
    await clock.advance(2_000);
    expect(changes).toEqual(['added ns/a n1', 'resync ns/a n1', 'resync ns/a n1']);
  });
});
