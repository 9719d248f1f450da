import { expect, it } from 'vitest';
import type { Grant } from './grant.ts';
import { grantLedger } from './grant-ledger.ts';

const grantOf = (slotId: string): Grant => ({
  slotId,
  containerId: `container of ${slotId}`,
  node: 'node-1',
  image: { name: 'docker.io/library/nginx', tag: '1.27' },
  periodSeconds: 1_800,
  grantedAt: 0,
  finished: false,
  instance: 'i',
  version: 1,
});

it('forgets the oldest ended grants beyond its limit, and counts them; those that run have none', () => {
  const ledger = grantLedger(2);
  const slots = ['a', 'b', 'c', 'd', 'e'];
  for (const slotId of slots) ledger.add(grantOf(slotId));
  for (const slotId of ['a', 'b']) ledger.end(slotId, 1);
  expect(ledger.counts()).toEqual({ active: 3, ended: 2, dropped: 0 });
  for (const slotId of ['c', 'd']) ledger.end(slotId, 2);
  expect(ledger.counts()).toEqual({ active: 1, ended: 2, dropped: 2 });
  expect(slots.map((slotId) => ledger.find(slotId)?.state)).toEqual([undefined, undefined, 'ended', 'ended', 'active']);
});

it('counts as forgotten nothing that ended before the upload grace', () => {
  const ledger = grantLedger(2);
  for (const slotId of ['a', 'b']) {
    ledger.add(grantOf(slotId));
    ledger.end(slotId, slotId === 'a' ? 0 : 1);
  }
  ledger.expire(3_600_000);
  expect(ledger.counts()).toEqual({ active: 0, ended: 1, dropped: 0 });
  expect(ledger.find('b')?.state).toBe('ended');
});
