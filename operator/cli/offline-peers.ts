/** Whom an address stands for when no cluster can be asked. */
import type { SnapshotContext } from '../../core/profile/from-snapshot.ts';
import { externalBlock, isOwnHost, parseAddress } from '../inventory/address.ts';

/** In these, clusters have their pods and services: who it was, only the cluster knew. */
const privateRanges = new Set(['private', 'carrierGradeNat', 'uniqueLocal']);

export const resolveOffline: SnapshotContext['resolve'] = ({ address, port }) => {
  const parsed = parseAddress(address);
  if (parsed === undefined || privateRanges.has(parsed.range())) return { peer: { kind: 'unknown' }, port };
  if (isOwnHost(parsed)) return { peer: { kind: 'self' }, port };
  return { peer: { kind: 'external', block: externalBlock(parsed) }, port };
};
