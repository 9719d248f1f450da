import { expect, it } from 'vitest';
import { emptyEvidence, type Evidence } from '../../core/profile/evidence.ts';
import { evidenceOfSnapshot } from '../../core/profile/from-snapshot.ts';
import { mergeEvidence } from '../../core/profile/merge.ts';
import { containerNumber, contextOf, epoch, minute, snapshotOf } from '../../core/profile/testing.ts';
import { mayCount, runsElsewhere, shareOf } from './share.ts';

const shopped = (container: number, namespace: string, changes = {}): Evidence =>
  evidenceOfSnapshot(snapshotOf(container, changes), contextOf({ namespace, workload: `${namespace}/Deployment/web` }));

it('is counted by namespace, whole names only, and apart for what was long enough', () => {
  const evidence = [
    shopped(1, 'shop'),
    shopped(1, 'shop', { from: epoch + 40 * minute, to: epoch + 41 * minute }),
    shopped(2, 'shop', { to: epoch + minute, ended: true }),
    shopped(3, 'shop-2'),
    shopped(4, 'sho'),
  ].reduce((all, one) => mergeEvidence(all, one), emptyEvidence);
  expect(shareOf('shop', evidence, 5 * minute)).toEqual({ snapshots: 3, counted: 2, othersTaught: true });
  expect(shareOf('other', evidence, 5 * minute)).toEqual({ snapshots: 0, counted: 0, othersTaught: true });
  expect(shareOf('shop', shopped(1, 'shop'), 5 * minute)).toMatchObject({ othersTaught: false });
});

it('bounds what one namespace counts, while others run the image', () => {
  const share = (counted: number, othersTaught = false) => ({ snapshots: counted, counted, othersTaught });
  const never = (): boolean => {
    throw new Error('nobody need look at the cluster');
  };
  expect(mayCount(share(99), 200, never)).toBe(true);
  expect(mayCount(share(100), 200, () => true)).toBe(false);
  expect(mayCount(share(100), 200, () => false)).toBe(true);
  expect(mayCount(share(0), 1, never)).toBe(true);
  expect(mayCount(share(100, true), 200, never)).toBe(false);
});

it('looks for the same image in other namespaces', () => {
  const record = (namespace: string, tag: string) => ({
    id: containerNumber(1),
    name: 'web',
    kind: 'container' as const,
    image: { name: 'nginx', tag },
    pod: { uid: 'uid', namespace, name: 'web' },
    workload: { kind: 'Deployment', name: 'web' },
    node: 'node-1',
  });
  const running = () => [record('shop', '1'), record('other', '2')];
  expect(runsElsewhere({ running }, { name: 'nginx', tag: '1' }, 'shop')).toBe(false);
  expect(runsElsewhere({ running }, { name: 'nginx', tag: '2' }, 'shop')).toBe(true);
});
