import { describe, expect, it } from 'vitest';
import { type Actor, actors, type Snapshot } from '../activity/snapshot.ts';
import { emptyEvidence, type Evidence, isTaught } from '../profile/evidence.ts';
import { evidenceOfSnapshot } from '../profile/from-snapshot.ts';
import { toFlags } from '../profile/flags.ts';
import { mergeEvidence } from '../profile/merge.ts';
import { contextOf } from '../profile/testing.ts';
import { recordedImages, recordedSnapshots } from '../../test/fixtures/recorded-snapshots.ts';
import { compiled, matchSnapshot, resolve } from './testing.ts';

function learn(snapshots: readonly Snapshot[]): Evidence {
  return snapshots
    .map((snapshot) => evidenceOfSnapshot(snapshot, contextOf({ resolve })))
    .reduce((all, part) => mergeEvidence(all, part), emptyEvidence);
}

/** Without what only probes and people did. */
function taught(snapshot: Snapshot): Snapshot {
  const keep = (node: { readonly actors: readonly Actor[] }): boolean =>
    isTaught({ actors: toFlags(actors, node.actors) });
  const { processes, files, dns, network } = snapshot;
  if (!processes.every(keep)) throw new Error('the recording has a process that nobody teaches');
  return { ...snapshot, files: files.filter(keep), dns: dns.filter(keep), network: network.filter(keep) };
}

describe.each(recordedImages)('containers of %s', (image) => {
  it('are known to the profile that all of them taught', () => {
    const snapshots = recordedSnapshots(image);
    const profile = compiled(learn(snapshots));
    const verdicts = snapshots.map(taught).flatMap((snapshot) => matchSnapshot(profile, snapshot));
    expect(new Set(verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['known']));
  });
});
